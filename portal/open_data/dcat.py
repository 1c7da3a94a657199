"""Open data described by DCAT-AP 3: statements on the catalog, its data sets, their distributions and the service.

Names are addresses of the site, so that who looks a name up comes to the page that shows what it names.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from urllib.parse import quote

from portal.catalog.entries import CatalogEntry
from portal.conditions.values import render_instant
from portal.errors import Text
from portal.exchange.formats import Format
from portal.open_data.addresses import CATALOG_PATH, GRAPHQL_PATH, Site, file_path, page_path, paged
from portal.open_data.paging import Page
from portal.open_data.rdf import Iri, Literal, Statement, Value, iri, term
from portal.open_data.reading import DataSet, OpenCatalog
from portal.open_data.vocabularies import (
    CHINESE,
    JSON_FORMAT,
    JSON_MEDIA_TYPE,
    PUBLIC_ACCESS,
    file_type,
    frequency,
    media_type,
)
from portal.open_data.wording import (
    CATALOG_DESCRIPTION,
    FORMAT_NAMES,
    GRAPHQL_TITLE,
    SERVICE_DESCRIPTION,
    SERVICE_TITLE,
)

PAGE_SIZE = 100
_CHINESE, _ENGLISH = "zh", "en"


def describe_catalog(catalog: OpenCatalog, page: Page[DataSet], site: Site, path: str) -> Iterator[Statement]:
    """Yield what there is to say of the catalog and of the data sets on one of its pages.

    `path` is where the pages are, which name each other by it (Hydra) where there are several.
    """
    named = iri(site.at(f"{CATALOG_PATH}#catalog"))
    yield named, "rdf:type", term("dcat:Catalog")
    yield named, "dct:title", Literal(catalog.title, _CHINESE)
    yield from _in_both(named, "dct:description", CATALOG_DESCRIPTION)
    yield from _published(named, iri(site.at("/#publisher")), catalog.title)
    yield named, "foaf:homepage", iri(site.at("/"))
    yield iri(site.at("/")), "rdf:type", term("foaf:Document")
    yield named, "dct:language", CHINESE
    yield from _licensed(named, site)
    yield from _modified(named, catalog.updated_at)
    yield named, "dcat:service", _service(site)
    for data_set in page.listed:
        yield named, "dcat:dataset", _name(data_set, site)
    if any(data_set.entry.classification for data_set in page.listed):
        yield named, "dcat:themeTaxonomy", _scheme(site)
    if page.pages > 1:
        yield from _view(named, page, site, path)
    yield from describe_data_sets(catalog, page.listed, site)


def describe_data_sets(catalog: OpenCatalog, data_sets: Iterable[DataSet], site: Site) -> Iterator[Statement]:
    """Yield what there is to say of the data sets, and of the service by which their rows are asked for."""
    for data_set in data_sets:
        yield from _describe(data_set, site)
        yield _service(site), "dcat:servesDataset", _name(data_set, site)
    yield from _describe_service(catalog, site)


def _describe(data_set: DataSet, site: Site) -> Iterator[Statement]:
    entry, named, page = data_set.entry, _name(data_set, site), iri(site.at(page_path(data_set.code)))
    yield named, "rdf:type", term("dcat:Dataset")
    yield named, "dct:title", Literal(entry.name, _CHINESE)
    yield named, "dct:description", Literal(entry.abstract, _CHINESE)
    yield named, "dct:identifier", Literal(entry.code)
    provider = iri(site.at(f"{CATALOG_PATH}#provider-{entry.provider}"))
    yield from _published(named, provider, data_set.provider)
    for keyword in entry.keywords:
        yield named, "dcat:keyword", Literal(keyword, _CHINESE)
    yield from _themed(named, entry, site)
    yield named, "dcat:landingPage", page
    yield page, "rdf:type", term("foaf:Document")
    yield named, "dct:accrualPeriodicity", frequency(entry.update_cycle)
    yield named, "dct:accessRights", PUBLIC_ACCESS
    yield named, "dct:language", CHINESE
    if entry.published_on is not None:
        yield named, "dct:issued", Literal(entry.published_on.isoformat(), datatype="xsd:date")
    yield from _modified(named, data_set.updated_at)
    yield from _distributed(named, data_set, site)


def _distributed(named: Iri, data_set: DataSet, site: Site) -> Iterator[Statement]:
    """Yield the files of a data set, and the service that answers questions on its rows."""
    page = page_path(data_set.code)
    for chosen in Format if data_set.transferred else ():
        found = iri(site.at(f"{page}#{chosen.value}"))
        address = iri(site.at(file_path(data_set.entry.identifier, data_set.transferred, chosen)))
        yield from _distribution(named, found, FORMAT_NAMES[chosen], (address, file_type(chosen)), site)
        yield found, "dcat:downloadURL", address
        registered = media_type(chosen)
        if registered is not None:
            yield found, "dcat:mediaType", registered
        yield from _modified(found, data_set.updated_at)
    if data_set.queried:
        found = iri(site.at(f"{page}#graphql"))
        address = iri(site.at(GRAPHQL_PATH))
        yield from _distribution(named, found, GRAPHQL_TITLE, (address, JSON_FORMAT), site)
        yield found, "dcat:accessService", _service(site)
        yield found, "dcat:mediaType", JSON_MEDIA_TYPE
        yield from _modified(found, data_set.updated_at)


def _distribution(named: Iri, found: Iri, title: Text, access: tuple[Iri, Iri], site: Site) -> Iterator[Statement]:
    """Yield what every distribution says; `access` is its address and its format."""
    yield named, "dcat:distribution", found
    yield found, "rdf:type", term("dcat:Distribution")
    yield from _in_both(found, "dct:title", title)
    yield found, "dcat:accessURL", access[0]
    yield found, "dct:format", access[1]
    yield from _licensed(found, site)


def _describe_service(catalog: OpenCatalog, site: Site) -> Iterator[Statement]:
    named = _service(site)
    yield named, "rdf:type", term("dcat:DataService")
    yield from _in_both(named, "dct:title", SERVICE_TITLE)
    yield from _in_both(named, "dct:description", SERVICE_DESCRIPTION)
    yield named, "dcat:endpointURL", iri(site.at(GRAPHQL_PATH))
    yield named, "dct:accessRights", PUBLIC_ACCESS
    yield from _published(named, iri(site.at("/#publisher")), catalog.title)
    yield from _licensed(named, site)


def _themed(named: Iri, entry: CatalogEntry, site: Site) -> Iterator[Statement]:
    """Yield the entry's place in the catalog's own class tree, up to its root."""
    path = entry.classification
    if not path:
        return
    scheme = _scheme(site)
    yield named, "dcat:theme", _concept(path, site)
    yield scheme, "rdf:type", term("skos:ConceptScheme")
    yield from _in_both(scheme, "dct:title", Text(en="Classes of the catalog", zh="目录分类"))
    for depth in range(len(path), 0, -1):
        concept = _concept(path[:depth], site)
        yield concept, "rdf:type", term("skos:Concept")
        yield concept, "skos:prefLabel", Literal(path[depth - 1], _CHINESE)
        yield concept, "skos:inScheme", scheme
        if depth > 1:
            yield concept, "skos:broader", _concept(path[: depth - 1], site)


def _view(named: Iri, page: Page[DataSet], site: Site, path: str) -> Iterator[Statement]:
    """Yield which page this is, and where the others are (Hydra, as harvesters of DCAT-AP follow them)."""
    here = iri(site.at(paged(path, page.number)))
    yield named, "rdf:type", term("hydra:Collection")
    yield named, "hydra:totalItems", Literal(str(page.total), datatype="xsd:integer")
    yield named, "hydra:view", here
    yield here, "rdf:type", term("hydra:PartialCollectionView")
    others = {"first": 1, "previous": page.number - 1, "next": page.number + 1, "last": page.pages}
    for relation, number in others.items():
        if 1 <= number <= page.pages:
            yield here, f"hydra:{relation}", iri(site.at(paged(path, number)))


def _published(named: Iri, publisher: Iri, name: str) -> Iterator[Statement]:
    yield named, "dct:publisher", publisher
    yield publisher, "rdf:type", term("foaf:Agent")
    yield publisher, "foaf:name", Literal(name, _CHINESE)


def _licensed(named: Iri, site: Site) -> Iterator[Statement]:
    if site.licence is not None:
        yield named, "dct:license", iri(site.licence)
        yield iri(site.licence), "rdf:type", term("dct:LicenseDocument")


def _modified(named: Iri, moment: datetime | None) -> Iterator[Statement]:
    if moment is not None:
        yield named, "dct:modified", Literal(render_instant(moment), datatype="xsd:dateTime")


def _in_both(named: Iri, name: str, text: Text) -> Iterator[Statement]:
    both: tuple[Value, ...] = (Literal(text.zh, _CHINESE), Literal(text.en, _ENGLISH))
    for value in both:
        yield named, name, value


def _name(data_set: DataSet, site: Site) -> Iri:
    return iri(site.at(f"{page_path(data_set.code)}#data-set"))


def _service(site: Site) -> Iri:
    return iri(site.at(f"{GRAPHQL_PATH}#service"))


def _scheme(site: Site) -> Iri:
    return iri(site.at(f"{CATALOG_PATH}#classes"))


def _concept(path: tuple[str, ...], site: Site) -> Iri:
    return iri(site.at(f"{CATALOG_PATH}#class-" + "/".join(quote(part, safe="") for part in path)))
