SELECT i, any_value(x) FROM t GROUP BY i;
SELECT upper(x), count(*) FROM t GROUP BY 1;
SELECT count(*) FROM t WHERE dt < current_date