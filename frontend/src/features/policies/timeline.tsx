import { useTranslation } from "react-i18next";

import { showMoment } from "@/lib/times";

interface TimelineProps {
    readonly from: string | null;
    readonly until: string | null;
}

/** A period on the way from its begin to its end, with today in it; open ends fade out. */
export function Timeline({ from, until }: TimelineProps): React.JSX.Element {
    const { t } = useTranslation();
    const now = Date.now();
    const begins = from === null ? null : new Date(from).getTime();
    const ends = until === null ? null : new Date(until).getTime();
    const left = Math.min(begins ?? now - YEAR, now) - MARGIN;
    const right = Math.max(ends ?? now + YEAR, now) + MARGIN;
    const place = (moment: number): number => ((moment - left) / (right - left)) * WIDTH;
    const [start, end] = [begins === null ? 0 : place(begins), ends === null ? WIDTH : place(ends)];
    const words = t("policies.timeline", {
        from: from === null ? t("policies.openBegin") : showMoment(from),
        until: until === null ? t("policies.noEnd") : showMoment(until),
    });
    return (
        <figure className="timeline">
            <svg viewBox={`0 0 ${String(WIDTH)} 28`} preserveAspectRatio="none" role="img" aria-label={words}>
                <rect className="whole" x="0" y="10" width={WIDTH} height="8" rx="4" />
                <rect
                    className="period"
                    x={start}
                    y="10"
                    width={Math.max(end - start, 2)}
                    height="8"
                    rx="4"
                />
                <line className="now" x1={place(now)} x2={place(now)} y1="2" y2="26" />
            </svg>
            <figcaption className="small">{words}</figcaption>
        </figure>
    );
}

const YEAR = 365 * 86_400_000;
const MARGIN = 15 * 86_400_000;
const WIDTH = 1000;
