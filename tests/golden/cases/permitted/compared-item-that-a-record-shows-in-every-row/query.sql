-- rows
SELECT dataset_2._row_number AS c0, CAST(json_object(?, dataset_2.code, ?, dataset_2.name) AS BLOB) AS c1
FROM dataset_2
WHERE dataset_2.name = ? ORDER BY dataset_2._row_number
 LIMIT ? OFFSET ?
-- ["code", "name", "合成甲一", 101, 0]
