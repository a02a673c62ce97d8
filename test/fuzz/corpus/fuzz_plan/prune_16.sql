SELECT 1 FROM t WHERE i < 'NaN'::float8;
SELECT 1 FROM t WHERE dt < timestamp '2025-01-14 12:00:00';
SELECT 1 FROM t WHERE dt >= timestamp '2025-01-14'