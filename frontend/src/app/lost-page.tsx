import { useTranslation } from "react-i18next";
import { Link } from "react-router";

/** An address where no page is, or a page that broke. */
export function LostPage({ failed = false }: { readonly failed?: boolean }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <main className="page narrow" id="main">
            <h1>{t(failed ? "frame.broken" : "frame.lost")}</h1>
            <p>{t(failed ? "frame.brokenNext" : "frame.lostNext")}</p>
            <p>
                <Link to="/catalog">{t("frame.catalog")}</Link>
            </p>
        </main>
    );
}
