-- rows
SELECT dataset_2._row_number AS c0, CAST(json_object(?, dataset_2.code) AS BLOB) AS c1
FROM dataset_2
WHERE ((0 = 1) OR (dataset_2.born < ? OR dataset_2.present != ?) OR (dataset_2.seen < ? AND (dataset_2.children NOT IN (?, ?))) OR dataset_2.income > ? OR dataset_2.details IS NOT NULL) AND (dataset_2.name != ? AND dataset_2.name >= ? AND dataset_2.name < ? AND substr(dataset_2.name, -?) = ?) AND (instr(dataset_2.division, ?) > ?) ORDER BY dataset_2._row_number
 LIMIT ? OFFSET ?
-- ["code", "1980-01-01", 1, "2026-01-31T00:00:00Z", 1, 2, 10049, "x", "合成", "合我", 1, "一", "99", 0, 101, 0]
