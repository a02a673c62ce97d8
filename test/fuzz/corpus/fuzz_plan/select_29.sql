SELECT sum(x) FROM t;
SELECT sum('1') FROM t;
SELECT min(u) FROM t