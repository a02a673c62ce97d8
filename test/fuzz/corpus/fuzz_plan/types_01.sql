SELECT dt > '2025-02-30' FROM t;
SELECT i + 1 a, i + l b, i * 1.5 c, i / 2 d, f + 1 e, f + f f, d * i g, i + '1' h FROM t;
SELECT -i a, -n b, +d c, i % 2 d, 2 ^ 3 e, abs(i) f, sqrt(2) g FROM t