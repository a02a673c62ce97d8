SELECT day, n FROM (SELECT dt AS day, count(*) AS n FROM t GROUP BY dt) s WHERE day = '2025-01-14' AND n > 1;
SELECT l, count(*) FROM t GROUP BY l HAVING l > 3 AND count(*) > 1;
SELECT c FROM (SELECT l AS c FROM t ORDER BY l LIMIT 3) s WHERE c > 2