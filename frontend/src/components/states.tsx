import { Button, Skeleton } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "react-router";

import { type Failure, readFailure } from "@/lib/asking";
import { signInAddress, useSession } from "@/lib/session";

/** What is on its way, in the room that it will take. */
export function Loading({ rows = 6 }: { readonly rows?: number }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <div className="state" role="status" aria-label={t("states.loading")}>
            <Skeleton active title={false} paragraph={{ rows }} />
        </div>
    );
}

/** Nothing is there, which is no fault; `children` say what to do next. */
export function Empty({
    title,
    children,
}: {
    readonly title: string;
    readonly children?: ReactNode;
}): React.JSX.Element {
    return (
        <div className="state empty" role="status">
            <h2>{title}</h2>
            <div>{children}</div>
        </div>
    );
}

interface AskedAgain {
    readonly failure: Failure;
    readonly again?: (() => void) | undefined;
}

/** The portal said no, is asked too often, or something is wrong: three different things, each with what to do next. */
export function Failed({ failure, again }: AskedAgain): React.JSX.Element {
    const { t } = useTranslation();
    const { pathname, search } = useLocation();
    const { signedIn, offered } = useSession();
    const maySignIn = failure.kind === "refused" && !signedIn && offered;
    return (
        <div className={`state ${failure.kind}`} role="alert">
            <h2>{t(`states.${failure.kind}`)}</h2>
            <p>{failure.message === "" ? t(`states.${failure.kind}Why`) : failure.message}</p>
            <p className="next">{t(`states.${failure.kind}Next`)}</p>
            <p className="actions">
                {maySignIn && <a href={signInAddress(pathname + search)}>{t("frame.signIn")}</a>}
                {again !== undefined && failure.kind !== "refused" && (
                    <Button onClick={again}>{t("states.again")}</Button>
                )}
                <code>{failure.code}</code>
            </p>
        </div>
    );
}

interface Question<Data> {
    readonly data?: Data | undefined;
    readonly fetching: boolean;
    readonly error?: Parameters<typeof readFailure>[0] | undefined;
}

interface AnsweredProps<Data> {
    readonly question: Question<Data>;
    readonly again?: () => void;
    readonly rows?: number;
    readonly children: (data: NonNullable<Data>) => ReactNode;
}

/** What was asked: on its way, refused, failed, or there. What is there stays while it is asked for anew. */
export function Answered<Data>({ question, again, rows, children }: AnsweredProps<Data>): ReactNode {
    const { data, fetching, error } = question;
    if (error !== undefined) return <Failed failure={readFailure(error)} again={again} />;
    if (data === undefined || data === null) return <Loading {...(rows === undefined ? {} : { rows })} />;
    return (
        <div aria-busy={fetching} className={fetching ? "renewing" : undefined}>
            {children(data)}
        </div>
    );
}
