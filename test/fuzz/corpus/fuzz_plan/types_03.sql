SELECT x + 1 FROM t;
SELECT -x FROM t;
SELECT n + n a, n + 1 b, n + i c, n - m d FROM t