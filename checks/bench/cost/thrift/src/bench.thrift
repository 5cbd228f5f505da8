service Bench {
  i64 somme(1: i64 a, 2: i64 b)
}
