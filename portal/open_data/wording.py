"""The portal's own words on pages and in descriptions of open data; what departments wrote stays as they wrote it."""

from collections.abc import Mapping

from portal.catalog.entries import UpdateCycle
from portal.conditions.tree import ValueType
from portal.errors import Text
from portal.exchange.formats import Format

CATALOG_DESCRIPTION = Text(
    en="Data sets of government departments that everyone may read, as each is permitted at this moment.",
    zh="政府部门向社会公众开放的数据集，以当前有效的开放授权为准。",
)
SERVICE_TITLE = Text(en="GraphQL interface of the open data", zh="开放数据 GraphQL 接口")
SERVICE_DESCRIPTION = Text(
    en="Rows of the data sets, filtered, ordered and in pages; without registration.",
    zh="按条件筛选、排序并分页查询数据集的数据行，无需注册。",
)
GRAPHQL_TITLE = Text(en="by GraphQL", zh="通过 GraphQL 查询")

FORMAT_NAMES: Mapping[Format, Text] = {
    Format.CSV: Text(en="CSV", zh="CSV"),
    Format.JSON_LINES: Text(en="JSON Lines", zh="JSON Lines"),
    Format.SPREADSHEET: Text(en="Excel", zh="Excel"),
    Format.PARQUET: Text(en="Parquet", zh="Parquet"),
}
CYCLE_NAMES: Mapping[UpdateCycle, Text] = {
    UpdateCycle.REALTIME: Text(en="in real time", zh="实时"),
    UpdateCycle.DAILY: Text(en="every day", zh="每日"),
    UpdateCycle.WEEKLY: Text(en="every week", zh="每周"),
    UpdateCycle.MONTHLY: Text(en="every month", zh="每月"),
    UpdateCycle.QUARTERLY: Text(en="every quarter", zh="每季度"),
    UpdateCycle.HALF_YEARLY: Text(en="every half year", zh="每半年"),
    UpdateCycle.YEARLY: Text(en="every year", zh="每年"),
    UpdateCycle.IRREGULAR: Text(en="irregularly", zh="不定期"),
    UpdateCycle.OTHER: Text(en="otherwise", zh="其他"),
}
TYPE_NAMES: Mapping[ValueType, Text] = {
    ValueType.STRING: Text(en="text", zh="文本"),
    ValueType.INTEGER: Text(en="whole number", zh="整数"),
    ValueType.DECIMAL: Text(en="decimal number", zh="小数"),
    ValueType.BOOLEAN: Text(en="yes or no", zh="是或否"),
    ValueType.DATE: Text(en="date", zh="日期"),
    ValueType.DATETIME: Text(en="date and time", zh="日期时间"),
    ValueType.JSON: Text(en="JSON", zh="JSON"),
}
