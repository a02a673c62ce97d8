SELECT i FROM t WHERE i;
SELECT sum(i), sum(l), sum(n), sum(f), sum(d), avg(i), avg(n), avg(m), avg(d) FROM t;
SELECT min(dt), max(x), any_value(u), bool_and(b), every(b), count(DISTINCT x), stddev(i), var_pop(n), max(i::smallint) FROM t