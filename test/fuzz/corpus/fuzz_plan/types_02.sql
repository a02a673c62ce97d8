SELECT round(d) a, round(i) b, round(n) c, round(n, 1) d, round(m, 2) e, round(n, i) f, floor(i) g, ceil(n) h, trunc(n, 1) i FROM t;
SELECT round(d, 2) FROM t;
SELECT '1' + '2'