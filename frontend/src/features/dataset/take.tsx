import { Tabs } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";

import { Copied } from "@/components/copied";
import type { DataSet, Item } from "@/features/dataset/entry";
import { examplesOf } from "@/features/dataset/examples";
import { conditionOf, readView } from "@/features/dataset/view";

const FORMATS = ["csv", "xlsx", "jsonl", "parquet"] as const;

interface TakeProps {
    readonly entry: DataSet;
    readonly items: readonly Item[];
}

/** The data set as files, and by query: examples that run as they are copied. */
export function Take({ entry, items }: TakeProps): React.JSX.Element {
    const { t } = useTranslation();
    const [address] = useSearchParams();
    const { filters } = readView(address, items);
    const where = conditionOf(filters, items);
    const examples = examplesOf(window.location.origin, entry, items);
    return (
        <div className="take">
            <section>
                <h2>{t("dataset.files")}</h2>
                <p className="soft">{t("dataset.filesText")}</p>
                <ul className="files">
                    {FORMATS.map((format) => {
                        const query = new URLSearchParams({
                            format,
                            items: items.map(({ identifier }) => identifier).join(","),
                        });
                        if (format === "csv") query.set("mark", "true");
                        if (where !== undefined) query.set("where", JSON.stringify(where));
                        return (
                            <li key={format}>
                                <a
                                    href={`/exchange/${entry.identifier}?${query.toString()}`}
                                    download={`${entry.identifier}.${format}`}
                                >
                                    {t(`dataset.formats.${format}`)}
                                </a>
                                <span className="soft small">{t(`dataset.formatTexts.${format}`)}</span>
                            </li>
                        );
                    })}
                </ul>
            </section>
            <section>
                <h2>{t("dataset.byQuery")}</h2>
                <p className="soft">
                    {t("dataset.byQueryText")}{" "}
                    <Link to={`/explorer?entry=${entry.code}`}>{t("dataset.tryIt")}</Link>
                </p>
                <Tabs
                    items={examples.map(({ name, text }) => ({
                        key: name,
                        label: name,
                        children: <Copied text={text} label={name} />,
                    }))}
                />
            </section>
        </div>
    );
}
