"""How the portal's settings are read: a line for each, with its default and its meaning."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from portal.errors import Text
from portal.setting_values import (
    parse_hosts,
    parse_issuer,
    parse_networks,
    parse_optional_header,
    parse_optional_link,
    parse_optional_origin,
    parse_optional_path,
    parse_optional_text,
    parse_origins,
    parse_pushed_requests,
    parse_seconds,
    parse_truth,
    parse_witnesses,
    whole_parser,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """How a setting is read. `default` may name `{home}`; an empty text stands for none."""

    parse: Callable[[str], object]
    default: str
    meaning: Text


SETTINGS: Mapping[str, Setting] = {
    "home": Setting(Path, "./var", Text("folder of the portal's own files", "门户自身文件所在的目录")),
    "database_url": Setting(
        str,
        "sqlite:///{home}/portal.db",
        Text(
            "the portal's own database: registers, catalog, policies, audit",
            "门户自身的数据库：注册信息、目录、策略、审计",
        ),
    ),
    "data_url": Setting(
        str, "sqlite:///{home}/data.db", Text("the data store: rows of shared entries", "数据存储：共享资源的数据行")
    ),
    "owner_database_url": Setting(
        str,
        "{database_url}",
        Text(
            "the portal's own database, for an account that may load and upgrade; empty: the same account",
            "门户自身的数据库，所用账户可装载内容、升级数据表；留空则为同一账户",
        ),
    ),
    "owner_data_url": Setting(
        str,
        "{data_url}",
        Text(
            "the data store, for an account that may write rows; empty: the same account",
            "数据存储，所用账户可写入数据行；留空则为同一账户",
        ),
    ),
    "administration_database_url": Setting(
        str,
        "{owner_database_url}",
        Text(
            "the portal's own database, for an account that may change policies and the register; empty: the owner's",
            "门户自身的数据库，所用账户可变更策略和注册信息；留空则为属主账户",
        ),
    ),
    "profile": Setting(
        parse_optional_text,
        "",
        Text("the profile that a bundle must name; empty: any", "数据包必须采用的规章配置；留空则不限"),
    ),
    "key_file": Setting(
        Path,
        "{home}/keys.json",
        Text("the portal's keys; who can read this file can sign tokens", "门户的密钥文件；能读取者即可签发令牌"),
    ),
    "issuer": Setting(str, "portal", Text("issuer that tokens name (`iss`)", "令牌中的签发者（`iss`）")),
    "audience": Setting(str, "portal", Text("audience that tokens name (`aud`)", "令牌中的受众（`aud`）")),
    "public_url": Setting(
        parse_optional_origin,
        "",
        Text(
            "the address by which clients reach the portal, as proofs name it; empty: as each client names it",
            "客户端访问门户所用的地址，证明中须如此书写；留空则以各客户端所用者为准",
        ),
    ),
    "bearer_tokens": Setting(
        parse_truth,
        "true",
        Text(
            "take tokens that are bound to no key or certificate: `true` or `false`",
            "是否接受未与密钥或证书绑定的令牌：`true` 或 `false`",
        ),
    ),
    "dpop_nonces": Setting(
        parse_truth,
        "false",
        Text(
            "let each DPoP proof hold a nonce of this portal, at most two minutes old: `true` or `false`",
            "是否要求 DPoP 证明含有本门户两分钟内给出的随机数：`true` 或 `false`",
        ),
    ),
    "revocation_list_grace_seconds": Setting(
        whole_parser(0, 2_592_000),
        "0",
        Text(
            "so long applications still get tokens after their authority's revocation list was to be renewed",
            "认证机构的吊销列表过了更新时间后，应用仍可获取令牌的秒数",
        ),
    ),
    "client_certificate_header": Setting(
        parse_optional_header,
        "",
        Text(
            "header in which a trusted proxy tells the client's certificate (URL-encoded PEM), as `X-Client-Cert`; "
            "empty: none does",
            "可信代理用于转交客户端证书（URL 编码的 PEM）的请求头，如 `X-Client-Cert`；留空则无",
        ),
    ),
    "proxy_secret_file": Setting(
        parse_optional_path,
        "",
        Text(
            "file with the secret by which that proxy is known (`X-Proxy-Secret`), readable by the portal alone",
            "存放该代理凭据（`X-Proxy-Secret`）的文件，仅门户可读",
        ),
    ),
    "oidc_issuer": Setting(
        parse_issuer,
        "",
        Text(
            "the identity provider at which staff sign in (OpenID Connect), as its tokens name it; empty: none",
            "工作人员登录所用的身份提供方（OpenID Connect），与其令牌中的写法一致；留空则不提供登录",
        ),
    ),
    "oidc_client_id": Setting(
        str, "portal", Text("the portal's name at the identity provider", "门户在身份提供方处的客户端标识")
    ),
    "oidc_client_secret_file": Setting(
        parse_optional_path,
        "",
        Text(
            "file with the portal's secret at the identity provider, readable by the portal alone; empty: assertions "
            "signed with the portal's key (`private_key_jwt`)",
            "存放门户在身份提供方处密钥的文件，仅门户可读；留空则以门户密钥签名的断言证明身份（`private_key_jwt`）",
        ),
    ),
    "oidc_user_claim": Setting(
        str,
        "sub",
        Text("claim of the identity provider that is the registered id", "身份提供方令牌中与登记编号对应的声明"),
    ),
    "oidc_certificate_acr": Setting(
        parse_optional_text,
        "",
        Text(
            "what the identity provider says (`acr`) of who signed in by certificate; empty: nobody did",
            "身份提供方对以证书登录者给出的 `acr`；留空则视为无人以证书登录",
        ),
    ),
    "oidc_pushed_requests": Setting(
        parse_pushed_requests,
        "when_offered",
        Text(
            "requests to sign in are pushed to the identity provider (RFC 9126): `when_offered`, or `required`: "
            "nobody signs in where it takes none",
            "登录请求直接推送给身份提供方（RFC 9126）：`when_offered` 为其支持时推送，`required` 为不支持则不予登录",
        ),
    ),
    "oidc_ca_file": Setting(
        parse_optional_path,
        "",
        Text(
            "certificates (PEM) of the authorities that vouch for the identity provider's address; empty: the system's",
            "为身份提供方网址作保的认证机构证书（PEM）；留空则采用系统内置证书",
        ),
    ),
    "documents": Setting(
        parse_optional_path,
        "",
        Text(
            "JSON file of GraphQL documents by their SHA-256, which clients may ask for by hash; empty: none",
            "GraphQL 文档的 JSON 文件（以 SHA-256 为键），客户端可仅凭散列值请求；留空则无",
        ),
    ),
    "backup_key": Setting(
        parse_optional_path, "", Text("public key that backups are sealed to; empty: none", "加密备份的公钥；留空则无")
    ),
    "statement_timeout_seconds": Setting(
        parse_seconds,
        "5",
        Text(
            "longest time that reading shared data for one field of `shared` may take",
            "为 `shared` 的一个字段读取共享数据的最长秒数",
        ),
    ),
    "max_body_bytes": Setting(
        whole_parser(1024, 16_777_216), "65536", Text("largest request body in bytes", "请求体的最大字节数")
    ),
    "max_tokens": Setting(
        whole_parser(1, 1_000_000),
        "8192",
        Text(
            "most characters of a GraphQL document's tokens, of which each counts up to 4",
            "一个 GraphQL 文档各词元的最大总字符数，每个词元至多计 4 个",
        ),
    ),
    "max_depth": Setting(
        whole_parser(1, 100), "15", Text("deepest nesting of a GraphQL document", "GraphQL 文档的最大嵌套深度")
    ),
    "max_selections": Setting(
        whole_parser(1, 1_000_000),
        "20000",
        Text(
            "most fields that a GraphQL document selects, its fragments expanded",
            "一个 GraphQL 文档展开片段后的最大字段数",
        ),
    ),
    "max_root_fields": Setting(
        whole_parser(2, 1_000_000),
        "100",
        Text(
            "most root fields of a GraphQL document; those of `shared` count one each",
            "一个 GraphQL 文档的最大根字段数；`shared` 下的字段逐一计入",
        ),
    ),
    "max_introspection": Setting(
        whole_parser(1, 1_000_000),
        "20",
        Text(
            "most values that a GraphQL document asks for with `__schema` and `__type`, for each part of the schema",
            "一个 GraphQL 文档以 `__schema` 和 `__type` 请求的最大值数，按模式的每个组成部分计",
        ),
    ),
    "max_cells": Setting(
        # More than a document of 8 KiB and depth 12 can ask for: what an answer really holds is bounded as it is read.
        whole_parser(1, 10**17),
        "1000000000000000",
        Text(
            "most cells that a GraphQL document may ask for, rows times fields with links multiplied",
            "一个 GraphQL 文档至多可请求的单元格数：行数乘以字段数，逐层关联相乘",
        ),
    ),
    "max_catalog_cells": Setting(
        whole_parser(1, 10**17),
        "100000",
        Text(
            "most values of the catalog that a GraphQL document may be answered with, by the length of its lists",
            "一个 GraphQL 文档至多可得到的目录值数，按各列表的长度计",
        ),
    ),
    "read_connections": Setting(
        whole_parser(1, 64),
        "4",
        Text("connections on which a worker reads shared data", "每个工作进程读取共享数据的连接数"),
    ),
    "trusted_proxies": Setting(
        parse_networks,
        "",
        Text(
            "networks of reverse proxies whose `X-Forwarded-For` is believed; several with commas",
            "可信反向代理所在网段，采信其 `X-Forwarded-For`；多个以逗号分隔",
        ),
    ),
    "metrics_from": Setting(
        parse_networks,
        "127.0.0.0/8,::1/128",
        Text(
            "networks that may read the figures at `/metrics`; several with commas",
            "可读取 `/metrics` 运行指标的网段；多个以逗号分隔",
        ),
    ),
    "allowed_hosts": Setting(
        parse_hosts,
        "",
        Text(
            "names by which clients reach the portal (`Host`); several with commas, `*`: any",
            "客户端访问门户所用的主机名（`Host`）；多个以逗号分隔，`*` 表示不限",
        ),
    ),
    "allowed_origins": Setting(
        parse_origins,
        "",
        Text(
            "origins of web pages whose scripts may ask (`Origin`); several with commas; empty: none",
            "允许跨域请求的网页来源（`Origin`）；多个以逗号分隔；留空则不允许",
        ),
    ),
    "open_data_licence": Setting(
        parse_optional_link,
        "",
        Text(
            "address of the licence that open data are given under; empty: none is named",
            "开放数据所采用许可协议的网址；留空则不注明",
        ),
    ),
    "receive_timeout_seconds": Setting(
        parse_seconds,
        "10",
        Text("longest time in which a request must arrive whole", "请求完整到达的最长秒数"),
    ),
    "send_timeout_seconds": Setting(
        parse_seconds,
        "30",
        Text(
            "time in which a client must take the next 64 KiB of its answer",
            "客户端接收下一段 64 KiB 应答的最长秒数",
        ),
    ),
    "max_connections": Setting(
        whole_parser(2, 1_000_000),
        "2000",
        Text(
            "most connections of a worker at once; one address may hold half of them",
            "每个工作进程同时保持的最大连接数；单个地址至多占一半",
        ),
    ),
    "public_requests_per_second": Setting(
        whole_parser(1, 1_000_000),
        "200",
        Text(
            "most requests a second that a worker takes from one address without a token that verifies",
            "每个工作进程每秒受理单个地址无有效令牌请求的最大数",
        ),
    ),
    "tickets_per_address_an_hour": Setting(
        whole_parser(1, 10_000),
        "10",
        Text("tickets that one address opens an hour, at each worker", "单个地址每小时在每个进程可提交的公众工单数"),
    ),
    "tickets_an_hour": Setting(
        whole_parser(1, 1_000_000),
        "500",
        Text("tickets of the public that are opened an hour in all", "每小时可提交的公众工单总数"),
    ),
    "ticket_contact_days": Setting(
        whole_parser(1, 3650),
        "180",
        Text("days after a ticket ended until the contact in it is erased", "公众工单办结后删除其中联系方式的天数"),
    ),
    "concurrent_requests": Setting(
        whole_parser(1, 10_000),
        "32",
        Text(
            "requests that a worker works on at once; more wait, and departments take turns",
            "每个工作进程同时处理的请求数；超出的排队，各部门轮流",
        ),
    ),
    "concurrent_transfers": Setting(
        whole_parser(1, 1000),
        "2",
        Text(
            "transfers of one application, user or public address that a worker has under way at once",
            "每个工作进程同时为同一应用、用户或公众地址进行的批量传输数",
        ),
    ),
    "stop_notice_seconds": Setting(
        whole_parser(0, 600), "0", Text("so long `/readyz` says 503 before a stop", "停止前 `/readyz` 返回 503 的秒数")
    ),
    "audit_witnesses": Setting(
        parse_witnesses,
        "",
        Text(
            "folders and URLs of other parties that keep the audit's checkpoints; several with commas",
            "由其他单位保存审计检查点的目录和网址；多个以逗号分隔",
        ),
    ),
    "audit_witness_seconds": Setting(
        parse_seconds,
        "600",
        Text(
            "so long shared data are answered while no witness can be reached",
            "所有见证方均无法访问时继续应答共享数据的最长秒数",
        ),
    ),
    "load_approval": Setting(
        parse_truth,
        "false",
        Text(
            "whether `portal load` into a portal that holds something waits for a second person: `true` or `false`; "
            "`true` is recommended for production",
            "向已有内容的门户执行 `portal load` 是否须经第二人批准：`true` 或 `false`；生产环境建议 `true`",
        ),
    ),
    "demonstration": Setting(
        parse_truth,
        "false",
        Text(
            "serve the page for trying queries out, and sign its accounts in: `true` or `false`",
            "是否提供查询试用页面和演示账户登录：`true` 或 `false`",
        ),
    ),
}
"""How each field of `Settings` is read; its environment variable is its name in capitals behind `PORTAL_`."""
