-- rows
SELECT dataset_1._row_number AS c0, dataset_1.code AS c1, dataset_1.note AS c2
FROM dataset_1
WHERE dataset_1.note IS NOT NULL ORDER BY dataset_1._row_number
 LIMIT ? OFFSET ?
-- [101, 0]
