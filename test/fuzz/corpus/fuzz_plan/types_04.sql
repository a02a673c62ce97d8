SELECT n * n a, n * 2 b, n * m c, m * m d, 1.19 * m e FROM t;
SELECT n / 3 a, n / n b, n % 7 c, 1 / n d FROM t;
SELECT n / d a, n + f b, n > d c FROM t