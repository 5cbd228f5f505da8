service Bench {
  i64 somme(1: i64 a, 2: i64 b)
  binary echo(1: binary octets)
  /** A message without an answer: counted, so that it is seen to be executed. */
  oneway void note(1: i64 a, 2: i64 b)
  /** How many messages have been executed since the last time. */
  i64 notes()
}
