"""Trades of the synthetic legal persons, each with the licences that it needs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LicenceKind:
    """A kind of licence: letters of its numbers, its name, what it permits, years it holds (None: for good)."""

    letters: str
    name: str
    permitted_scope: str
    years: int | None


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade: its word in a name, its scope of business, the licences that it needs."""

    name: str
    scope: str
    licences: tuple[LicenceKind, ...]


_FOOD_SALE = LicenceKind("SP", "食品经营许可证", "预包装食品、散装食品销售", 5)
_CATERING = LicenceKind("CY", "食品经营许可证", "热食类食品制售", 5)
_FOOD_PRODUCTION = LicenceKind("SC", "食品生产许可证", "糕点、速冻食品生产", 5)
_TRANSPORT = LicenceKind("YS", "道路运输经营许可证", "普通货物运输", 4)
_CHEMICALS = LicenceKind("WH", "危险化学品经营许可证", "易燃液体，不带储存", 3)
_DISCHARGE = LicenceKind("PW", "排污许可证", "工业废水、废气排放", 5)
_TELECOM = LicenceKind("DX", "增值电信业务经营许可证", "信息服务业务", 5)
_BREEDING = LicenceKind("YZ", "水域滩涂养殖证", "淡水养殖", 10)
_SEED = LicenceKind("ZZ", "农作物种子生产经营许可证", "常规种子生产", 5)
_HAIRDRESSING = LicenceKind("WL", "公共场所卫生许可证", "理发场所", 4)
_LODGING = LicenceKind("WZ", "公共场所卫生许可证", "住宿场所", 4)
_HOTEL = LicenceKind("TZ", "特种行业许可证", "旅馆业", None)
_CLINIC = LicenceKind("YL", "医疗机构执业许可证", "内科、中医科", 5)

COMPANY_TRADES = (
    Trade("建材", "建筑材料销售；五金产品批发", (_TRANSPORT,)),
    Trade("食品", "食品生产；食品销售", (_FOOD_PRODUCTION, _FOOD_SALE)),
    Trade("纺织", "家用纺织品制造；服装服饰批发", (_DISCHARGE,)),
    Trade("物流", "道路货物运输；仓储服务", (_TRANSPORT,)),
    Trade("机械", "通用设备制造；机械零件加工", (_DISCHARGE,)),
    Trade("软件", "软件开发；信息系统集成服务", (_TELECOM,)),
    Trade("化工", "化工产品销售；危险化学品经营", (_CHEMICALS, _DISCHARGE)),
    Trade("水产", "水产品加工；水产品批发", (_FOOD_PRODUCTION, _FOOD_SALE)),
)
SHOP_TRADES = (
    Trade("面馆", "餐饮服务", (_CATERING,)),
    Trade("便利店", "食品销售；日用百货销售", (_FOOD_SALE,)),
    Trade("理发店", "理发服务", (_HAIRDRESSING,)),
    Trade("旅馆", "住宿服务", (_LODGING, _HOTEL)),
    Trade("诊所", "诊所服务", (_CLINIC,)),
)
FARM_TRADES = (
    Trade("粮食种植", "谷物种植；农产品销售", (_SEED,)),
    Trade("水产养殖", "水产养殖；水产品销售", (_BREEDING,)),
    Trade("农产品", "农产品初加工；农产品销售", (_FOOD_SALE,)),
)
