namespace rs bench

service Bench {
    i64 somme(1: i64 a, 2: i64 b),
    binary echo(1: binary bytes),
}
