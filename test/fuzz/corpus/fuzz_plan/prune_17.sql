SELECT 1 FROM t WHERE dt > timestamp '1969-12-31 23:59:59';
SELECT 1 FROM t WHERE dt >= timestamptz '2025-01-14 00:00:00+00';
SELECT 1 FROM t WHERE ts = timestamptz '2025-01-14 00:00:00+00'