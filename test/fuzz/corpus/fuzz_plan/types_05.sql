SELECT CASE WHEN b THEN n ELSE 1 END a, coalesce(n, m) b, greatest(i, 2.5) c, CASE WHEN b THEN i ELSE f END d FROM t;
SELECT sum(n) / count(*) a, sum(n) * 1.1 b FROM t;
SELECT x || 'a' a, i || x b, 'n = ' || n c, y || y d, x || NULL e, concat(i, x, b) f, length(x) g, upper(x) h, substring(x FROM 2 FOR 3) i FROM t