"""The help and the usage errors of the command line, in both languages."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from portal.errors import BadInput, Language, Text

CHINESE: Mapping[str, str] = {
    "Share government data under signed agreements, by GraphQL.": "依据已签署的协议，以 GraphQL 共享政务数据。",
    "Load the demonstration into an empty portal and serve it.": "向空门户装载演示数据并提供服务。",
    "Check a bundle and make it the portal's content, all or nothing.": "检查数据包，并以其内容整体替换门户内容。",
    "Write the portal's content back as a bundle.": "将门户内容导出为数据包。",
    "Serve the portal until SIGTERM or Ctrl-C.": "提供门户服务，直至收到 SIGTERM 或 Ctrl-C。",
    "Print a bearer token for a registered application or user.": "为已登记的应用或用户签发并输出令牌。",
    "Answer a GraphQL document in this process and print the JSON.": "在本进程内应答 GraphQL 文档并输出 JSON。",
    "Fetch a whole result into a file, and go on where it is cut.": "将完整结果取为文件，中断后可续传。",
    "The entry's identifier in the catalog.": "目录条目的标识。",
    "The new file; it gets its name once it is whole.": "新文件；完整之后才得到该名称。",
    "The portal's address, as `https://HOST`.": "门户地址，如 `https://主机`。",
    "`csv`, `jsonl`, `xlsx` or `parquet`.": "`csv`、`jsonl`、`xlsx` 或 `parquet`。",
    "Only these items, in this order.": "只取这些信息项，按此次序。",
    "Only these rows, as `where` of a query.": "只取这些行，写法同查询的 `where`。",
    "The order, as `orderBy` of a query.": "次序，写法同查询的 `orderBy`。",
    "So many rows; left out: all.": "行数；不填则为全部。",
    "Its private key, PEM.": "该应用的私钥，PEM 格式。",
    "A file with a bearer token instead.": "改用文件中的令牌。",
    "Who vouches for the address, PEM.": "为该地址作证的机构证书，PEM 格式。",
    "Tries without progress before giving up.": "没有进展时的重试次数。",
    "CSV with the mark by which Excel knows UTF-8.": "CSV 带有 Excel 识别 UTF-8 的标记。",
    "CSV with texts as they are, for programs: formulas aren't defused.": "CSV 文本保持原样，供程序使用：不处理公式。",
    "Print the decision on an entry, item by item.": "逐项输出对某目录条目的判定。",
    "Print the schema as a subject sees it; left out, the public.": "输出某主体所见的模式；未指定主体时为公众。",
    "Print every setting with its value, source and meaning.": "输出每项设置的取值、来源和含义。",
    "Check, search or follow the audit log.": "检查、检索或跟踪审计日志。",
    "Check the whole log: records, chains, signatures.": "检查全部日志：记录、记录链、签名。",
    "Print the last records, then others as they come.": "输出最近的记录，并持续输出新记录。",
    "Write a sealed backup of the whole portal, and verify it.": "写入整个门户的加密备份并加以验证。",
    "Make empty databases the portal of a backup, in quarantine.": "将空数据库恢复为备份中的门户，并置于隔离状态。",
    "Move the portal to two other, empty databases; stop it first.": "将门户迁移到另外两个空数据库；请先停止服务。",
    "Lift a restored portal's quarantine where its log agrees.": "核对恢复后的门户，日志相符时解除隔离。",
    "The new file of the backup.": "备份的新文件。",
    "The public key to seal it to; left out: `PORTAL_BACKUP_KEY`.": "加密所用的公钥；不填则为 `PORTAL_BACKUP_KEY`。",
    "Make a pair of keys instead; the private one goes there.": "改为生成一对密钥；私钥写入该文件。",
    "The file of the backup.": "备份文件。",
    "The private key that opens it.": "解密所用的私钥。",
    "Who restores, for the record of changes.": "恢复人，记入变更记录。",
    "Where the portal's own database is to be; empty until now.": "门户自身数据库的新位置；须为空。",
    "Where the data store is to be; empty until now.": "数据存储的新位置；须为空。",
    "Lift the quarantine although something is missing; two people say so.": "虽有缺失仍解除隔离；须由两人确认。",
    "One who accepts the loss.": "确认丢失的人员之一。",
    "The other who accepts the loss.": "确认丢失的另一人员。",
    "Why the loss is accepted.": "确认丢失的理由。",
    "Ask as this registered application.": "以此已登记应用的身份。",
    "Ask as this registered user.": "以此已登记用户的身份。",
    "Ask as the public, without department.": "以公众身份，不属于任何部门。",
    "The bundle's folder.": "数据包所在目录。",
    "Only check the bundle; nothing is written.": "只检查数据包，不写入任何内容。",
    "Print what would change; nothing is written.": "只输出将发生的变化，不写入任何内容。",
    "Who loads, for the record of changes.": "装载人，记入变更记录。",
    "Why, for the record of changes.": "装载原因，记入变更记录。",
    "Write no unconditional and open records from the catalog.": "不由目录生成无条件共享和开放的策略。",
    "A new or empty folder.": "新的或空的目录。",
    "The address to listen on.": "监听地址。",
    "The port to listen on.": "监听端口。",
    "How many processes answer.": "工作进程数。",
    "The application that is to use it.": "使用令牌的应用。",
    "The user who is to use it.": "使用令牌的用户。",
    "0 to 3; left out: as registered.": "0 至 3；不填则以登记为准。",
    "`government` or `internet`; left out: as registered.": "`government` 或 `internet`；不填则以登记为准。",
    "How long it is good, at most 86400.": "有效秒数，至多 86400。",
    "The GraphQL document; `-` reads it from standard input.": "GraphQL 文档文件；`-` 表示从标准输入读取。",
    "The document's variables, a JSON object.": "文档的变量，一个 JSON 对象。",
    "The entry's code in the catalog.": "目录条目的代码。",
    "The stated purpose.": "声明的用途。",
    "`query`, `exchange`, `service` or `processing`.": "`query`、`exchange`、`service` 或 `processing`。",
    "The business matter's code.": "业务事项代码。",
    "The number of the business case.": "办件编号。",
    "The person who handles the case.": "经办人。",
    "As 2026-01-31T08:00:00+08:00; left out: now.": "时间，如 2026-01-31T08:00:00+08:00；不填则为当前。",
    "Only these items; may be given several times.": "只看这些信息项；可多次给出。",
    "List or rotate the portal's keys.": "查看或轮换门户密钥。",
    "Print the keys that can be rotated, and former ones that still count.": "列出可轮换的密钥和仍有效的旧密钥。",
    "Make a new key and put it in force on every worker at once.": "生成新密钥，并在所有工作进程上同时生效。",
    "Put the key that was prepared in force on every worker at once.": "使已准备的密钥在所有工作进程上同时生效。",
    "`tokens`, `cursors` or `masks`.": "`tokens`（令牌）、`cursors`（游标）或 `masks`（掩码）。",
    "The former key counts no more, as one that was stolen.": "旧密钥立即失效，如同已被窃取。",
    "Only make the key; `portal keys activate` uses it.": "只生成密钥；由 `portal keys activate` 启用。",
    "Masks may change.": "允许掩码改变。",
    "List who is registered.": "列出登记事项。",
    "Print who is registered, with the standing of each.": "列出登记的部门、应用、人员及其登记状态。",
    "`departments`, `groups`, `applications`, `users` or `managers`.": (
        "`departments`（部门）、`groups`（部门组）、`applications`（应用）、`users`（人员）、`managers`（信息资源管理员）。"
    ),
    "Whole documents as JSON, one a line.": "以 JSON 输出完整登记内容，每行一项。",
    "Revoke tokens.": "吊销令牌。",
    "Let a token count no more on any worker, from its next request on.": (
        "吊销令牌：自其下一次请求起，所有工作进程均不再接受。"
    ),
    "The token, or its id (`jti`); `-` reads it from standard input.": (
        "令牌或其编号（`jti`）；`-` 表示从标准输入读取。"
    ),
    "The registered user who revokes it.": "吊销该令牌的已登记用户。",
    "Set up the portal's databases.": "建立门户的数据库。",
    "Make databases and accounts on a PostgreSQL server, and print the settings that use them.": (
        "在 PostgreSQL 服务器上建立数据库和账户，并输出相应设置。"
    ),
    "Bring the database's tables to this version's revision, whole or not at all.": (
        "将数据库表升级到本版本，全部完成或不作任何改动。"
    ),
    "The server, as an account that may make databases and roles.": "服务器地址，所用账户须可建立数据库和角色。",
    "What databases and accounts are called.": "数据库和账户的名称。",
    "How many records to begin with.": "起始输出的记录条数。",
    "Keep a portal's checkpoints, and refuse another history.": "代存门户的检查点，拒绝不一致的历史。",
    "Print the public key that verifies checkpoints.": "输出用于验证检查点的公钥。",
    "A folder or URL that keeps checkpoints; may be given several times.": "保存检查点的目录或网址；可多次给出。",
    "Find records in the audit log, newest first.": "在审计日志中检索记录，最新的在前。",
    "Print one record, and prove it by the checkpoint that covers it.": "输出一条记录，并以覆盖它的检查点加以证明。",
    "Of this subject, as application:ID or user:ID.": "该主体的记录，写作 application:编号 或 user:编号。",
    "Of this department, by its code.": "该部门的记录，以部门代码指定。",
    "On this entry, by its code in the catalog.": "该目录条目的记录，以条目代码指定。",
    "Not before this time, with offset.": "不早于此时间（带时区）。",
    "Before this time, with offset.": "早于此时间（带时区）。",
    "`permit` or `deny`.": "`permit`（准予）或 `deny`（拒绝）。",
    "How many records at most.": "至多输出的记录条数。",
    "Write records as evidence that anybody can check with `portal-verify`.": (
        "将审计记录导出为证据，任何人可用 `portal-verify` 验证。"
    ),
    "Count how entries were used, by entry, department, purpose or day.": "按条目、部门、用途或日统计目录条目的使用。",
    "The registered user who reads, for the record.": "读取审计的已登记用户，记入审计日志。",
    "Only what this registered user may read; left out: the machine's operator reads all.": (
        "只取该已登记用户可见的内容；不填则由本机运维人员读取全部。"
    ),
    "List who was answered from what is frozen, who provides it, and how to reach them.": (
        "列出从被冻结内容获得应答者、其提供者及联系方式。"
    ),
    "The registered user who has it made, for the record.": "要求签发的已登记用户，记入审计日志。",
    "By `entry`, `department`, `purpose` or `day`.": (
        "口径：`entry`（条目）、`department`（部门）、`purpose`（用途）或 `day`（日）。"
    ),
    "How many lines at most.": "至多输出的行数。",
    "Older than this record: the next page.": "早于此记录的内容，即下一页。",
    "Whole records as JSON, one a line.": "以 JSON 输出完整记录，每行一条。",
    "The record's receipt, as in an answer.": "记录的回执，见于应答。",
    "Where checkpoints are kept.": "检查点的保存目录。",
    "The public audit key of the portal.": "门户的审计公钥。",
    "Find what is wrong with the installation, and say how to mend it.": "查找安装中的问题，并说明如何排除。",
    "How many processes are to answer, on all hosts.": "所有主机上工作进程的总数。",
    "Read all rows, indexes and records; takes longer.": "读取全部数据行、索引和记录，耗时较长。",
    "For machines, as JSON.": "以 JSON 输出，供程序读取。",
    "Draft, check, approve or undo changes of policies and of the register.": (
        "起草、检查、批准或撤回策略与注册信息的变更。"
    ),
    "Draft a change set from a JSON document, and check it.": "由 JSON 文档起草变更单并检查。",
    "Print change sets, newest first.": "列出变更单，新的在前。",
    "Print a change set, its history, and what it would do.": "输出一张变更单、其经过及后果。",
    "Print what a change set opens to everybody, and by what rows could be told apart.": (
        "输出一张变更单向公众开放的内容，以及数据行的可识别性报告。"
    ),
    "What `portal change report` ends with, of each entry.": "`portal change report` 对每个条目最后给出的值。",
    "Check one's own draft against what holds now.": "按现行内容检查自己的草稿。",
    "Hand a checked change set over to a second person.": "提交检查过的变更单，由另一人审核。",
    "Approve what somebody else submitted.": "批准他人提交的变更单。",
    "Refuse what somebody else submitted.": "驳回他人提交的变更单。",
    "Take one's own change set back.": "撤回自己的变更单。",
    "Draft a change set that undoes one in force.": "起草一张撤销已生效变更的变更单。",
    "Freeze an item, entry, department, application or everything.": "冻结信息项、条目、部门、应用或全部。",
    "Print who can see an item, what for and by which records.": "输出谁能看到某信息项、用途及所依据的策略。",
    "Print what somebody can see, registered or supposed.": "输出已登记或设想中的主体能看到的内容。",
    "Print why a request was refused, by its receipt.": "按回执输出请求被拒绝的原因。",
    "The items.": "信息项。",
    "Of this registered application.": "此已登记应用。",
    "Of this registered user.": "此已登记用户。",
    "Of the public, without department.": "公众，不属于任何部门。",
    "Of somebody supposed, of this one.": "设想中的该部门主体。",
    "The level of somebody supposed, 0 to 3.": "设想主体的认证级别，0 至 3。",
    "Their zone: `government` or `internet`.": "其网络区域：`government` 或 `internet`。",
    "The business matter that they are registered for.": "其登记的事项。",
    "The receipt of a refused request.": "被拒绝请求的回执。",
    "Draft the lifting of a freeze; another person approves it.": "起草解除冻结的变更单，由另一人批准。",
    "Who acts: a registered user with that duty.": "操作人：负有该职责的已登记用户。",
    "The code of the person's second factor.": "操作人第二因素的验证码。",
    "Why, for everybody who reads it later.": "理由，供日后查阅。",
    "The change as JSON; `-` reads it from standard input.": "JSON 格式的变更；`-` 表示从标准输入读取。",
    "What is changed, in a line.": "一句话说明变更内容。",
    "The law or decision that it rests on.": "所依据的法规或决定。",
    "Draft this change set anew.": "重新起草这张变更单。",
    "The number of the change set.": "变更单编号。",
    "What is to be said with it.": "附言。",
    "From when on, with offset; left out: at once.": "生效时间（带时区）；不填则立即生效。",
    "Only those in this state.": "只列出处于该状态的。",
    "How many at most.": "至多列出的数量。",
    "`item:CODE#ITEM`, `entry:CODE`, `department:CODE`, `application:ID` or `everything`.": (
        "`item:代码#信息项`、`entry:代码`、`department:代码`、`application:编号` 或 `everything`。"
    ),
    "The freeze, such as `freeze:1`.": "冻结编号，如 `freeze:1`。",
    "Bring in the rows of what a department provides.": "导入本部门所提供资源的数据行。",
    "Check a file and make it all rows of an entry, at once.": "检查文件，并以其整体替换某条目的数据行。",
    "Check a file and put its rows behind those of an entry.": "检查文件，并将其数据行追加到某条目之后。",
    "Draft a catalog entry from a CSV file or an Excel workbook.": "由 CSV 文件或 Excel 工作簿草拟目录条目。",
    "A CSV file or an .xlsx workbook, with the names of columns above the rows.": (
        "CSV 文件或 .xlsx 工作簿，列名在数据行之上。"
    ),
    "The providing department, by its code.": "提供部门的代码。",
    "A bundle's folder, or a new one; left out: one named like the entry.": (
        "数据包目录，或新目录；不填则以条目标识符命名。"
    ),
    "The entry's identifier; left out: proposed from the file's name.": "条目的标识符；不填则由文件名拟定。",
    "The sheet of a workbook; left out: the first.": "工作簿中的工作表；不填则为第一个。",
    "`comma`, `semicolon` or `tab`; left out: told of the file.": (
        "`comma`（逗号）、`semicolon`（分号）或 `tab`（制表符）；不填则自动识别。"
    ),
    "A CSV or Parquet file with a column for each item.": "每个信息项一列的 CSV 或 Parquet 文件。",
    "`csv` or `parquet`; left out: by the file's ending.": "`csv` 或 `parquet`；省略时按文件扩展名。",
}
"""The Chinese of every help text; a test holds that none is missing."""

_OWN_WORDS = {
    "Usage:": "用法：",
    "Arguments:": "参数：",
    "Options:": "选项：",
    "Commands:": "命令：",
    "[required]": "[必填]",
    "[default:": "[默认：",
    "Show this message and exit.": "显示本说明并退出。",
}


def translate_help(command: TyperCommand | TyperGroup, language: Language) -> None:
    """Put the help texts of a command, and of those below it, into the language."""
    if language is not Language.CHINESE:
        return
    command.help = CHINESE[command.help or ""]
    for parameter in command.params:
        help_text = getattr(parameter, "help", None)
        if isinstance(help_text, str):
            parameter.help = CHINESE.get(help_text, help_text)  # type: ignore[attr-defined]  # it has one
    for below in getattr(command, "commands", {}).values():
        translate_help(below, language)


def _translate_words(text: str, language: Language) -> str:
    if language is Language.CHINESE:
        for english, chinese in _OWN_WORDS.items():
            text = text.replace(english, chinese)
    return text


class Command(TyperCommand):
    """A command whose help has headings in the language of messages."""

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401 - typer keeps the context's class to itself
        """Return the help."""
        return _translate_words(super().get_help(ctx), ctx.obj.language)


class Group(TyperGroup):
    """A group of commands that knows what an unknown one was meant to be."""

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401 - typer keeps the context's class to itself
        """Return the help."""
        return _translate_words(super().get_help(ctx), ctx.obj.language)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as above
        """Return the command that the first argument names. Raises: BadInput."""
        if args[0] not in self.commands and not args[0].startswith("-"):
            raise _unknown_command(args[0], list(self.commands))
        return super().resolve_command(ctx, args)


def _unknown_command(name: str, known: list[str]) -> BadInput:
    near = get_close_matches(name, known, n=1)
    listed = ", ".join(f"`{one}`" for one in known)
    return BadInput(
        Text(
            en=f"unknown command `{name}`; " + (f"did you mean `{near[0]}`?" if near else f"there are {listed}"),
            zh=f"未知命令 `{name}`；" + (f"是否想写 `{near[0]}`？" if near else f"可用的有 {listed}"),
        )
    )


def describe_usage_error(error: typer.TyperException) -> Text:
    """Return what was wrong with the arguments, and where to read on; a group without command is told its help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return Text(en=error.message, zh=error.message)
    what = _describe(error)
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "portal"
    return Text(en=f"{what.en} (see `{path} --help`)", zh=f"{what.zh}（参见 `{path} --help`）")


def _describe(error: typer.TyperException) -> Text:
    option = getattr(error, "option_name", None)
    parameter = getattr(error, "param", None)
    match type(error).__name__:
        case "NoSuchOption":
            near = sorted(getattr(error, "possibilities", None) or [])
            en, zh = (f"; did you mean `{near[0]}`?", f"；是否想写 `{near[0]}`？") if near else ("", "")
            return Text(en=f"unknown option `{option}`{en}", zh=f"未知选项 `{option}`{zh}")
        case "MissingParameter" if parameter is not None:
            name = parameter.metavar if parameter.param_type_name == "argument" else parameter.opts[0]
            return Text(en=f"`{name}` is missing", zh=f"缺少 `{name}`")
        case "BadOptionUsage" if "requires" in error.message:
            return Text(en=f"`{option}` needs a value", zh=f"选项 `{option}` 需要一个值")
        case "BadOptionUsage":
            return Text(en=f"`{option}` takes no value", zh=f"选项 `{option}` 不带值")
        case _ if "extra argument" in error.message:
            extra = error.message.rpartition("(")[2].rpartition(")")[0]
            return Text(en=f"unexpected `{extra}`", zh=f"多余的 `{extra}`")
        case _:
            return Text(en=error.message.rstrip("."), zh=f"参数有误：{error.message}")
