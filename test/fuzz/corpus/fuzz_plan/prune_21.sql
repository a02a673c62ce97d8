SELECT 1 FROM t WHERE starts_with(x, 'a%');
SELECT 1 FROM t WHERE ;
SELECT a FROM (SELECT i + 1 AS a, l AS c FROM t WHERE x = 'k') s WHERE c > 2