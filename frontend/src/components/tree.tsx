import "@/components/tree.css";

import {
    createContext,
    type KeyboardEvent,
    type ReactNode,
    useContext,
    useEffect,
    useRef,
    useState,
} from "react";

export interface TreeNode {
    readonly key: string;
    readonly name: string;
    readonly hasChildren: boolean;
}

interface TreeProps<Node extends TreeNode> {
    readonly label: string;
    readonly roots: readonly Node[];
    /** Key of the chosen node. */
    readonly chosen: string | null;
    readonly onChoose: (node: Node) => void;
    /** Whether a node is open before anybody opened or closed it. */
    readonly isOpenAtFirst: (node: Node) => boolean;
    /** What stands below a node: branches, or a note that they're on their way. */
    readonly children: (parent: Node) => ReactNode;
}

interface Standing {
    readonly chosen: string | null;
    readonly entered: string | null;
    readonly level: number;
    readonly isOpen: (node: TreeNode) => boolean;
    readonly toggle: (node: TreeNode, open: boolean) => void;
    readonly choose: (node: TreeNode) => void;
    readonly enter: (key: string) => void;
    readonly below: (node: TreeNode) => ReactNode;
}

const Tree_ = createContext<Standing | null>(null);

/** A tree by keyboard and pointer, as the ARIA authoring practices lay it down; children are asked for on opening. */
export function Tree<Node extends TreeNode>(props: TreeProps<Node>): React.JSX.Element {
    const { label, roots, chosen, onChoose, isOpenAtFirst, children } = props;
    const [turned, setTurned] = useState<Readonly<Record<string, boolean>>>({});
    const [entered, setEntered] = useState<string | null>(null);
    const list = useRef<HTMLDivElement>(null);
    // Nodes come from `children`, so that they are of its kind.
    const standing: Standing = {
        chosen,
        entered,
        level: 1,
        isOpen: (node) => node.hasChildren && (turned[node.key] ?? isOpenAtFirst(node as Node)),
        toggle: (node, open) => {
            setTurned({ ...turned, [node.key]: open });
        },
        choose: (node) => {
            onChoose(node as Node);
        },
        enter: setEntered,
        below: (node) => children(node as Node),
    };
    return (
        <Tree_ value={standing}>
            <div
                className="tree"
                role="tree"
                aria-label={label}
                ref={list}
                onKeyDown={(event) => {
                    move(event, list.current);
                }}
                onFocus={(event) => {
                    // Whoever comes by Tab finds the chosen node, else the first.
                    if (event.target === list.current) firstOf(list.current)?.focus();
                }}
                tabIndex={entered === null ? 0 : -1}
            >
                {roots.map((node) => (
                    <Branch key={node.key} node={node} />
                ))}
            </div>
        </Tree_>
    );
}

/** One node, to stand in what a tree's `children` gives. */
export function Branch({ node }: { readonly node: TreeNode }): React.JSX.Element {
    const tree = useStanding();
    const isOpen = tree.isOpen(node);
    const line = useRef<HTMLDivElement>(null);
    const isChosen = tree.chosen === node.key;
    useEffect(() => {
        if (isChosen) show(line.current);
        // What is chosen from what is seen stays where it is: only what opens with the page is brought into sight.
    }, []);
    return (
        <div className="node">
            <div
                className="branch"
                ref={line}
                role="treeitem"
                aria-level={tree.level}
                aria-selected={isChosen}
                {...(node.hasChildren ? { "aria-expanded": isOpen } : {})}
                tabIndex={tree.entered === node.key ? 0 : -1}
                onFocus={() => {
                    tree.enter(node.key);
                }}
                onClick={() => {
                    tree.choose(node);
                }}
                onKeyDown={(event) => {
                    if (event.key === "Enter" || event.key === " ") tree.choose(node);
                    else if (event.key === "ArrowRight" && node.hasChildren && !isOpen)
                        tree.toggle(node, true);
                    else if (event.key === "ArrowLeft" && isOpen) tree.toggle(node, false);
                    else return;
                    event.preventDefault();
                    event.stopPropagation();
                }}
            >
                <span
                    className={node.hasChildren ? "turn" : "turn none"}
                    aria-hidden
                    onClick={(event) => {
                        if (!node.hasChildren) return;
                        event.stopPropagation();
                        tree.toggle(node, !isOpen);
                    }}
                />
                <span className="branch-name">{node.name}</span>
            </div>
            {isOpen && (
                <div role="group">
                    <Tree_ value={{ ...tree, level: tree.level + 1 }}>{tree.below(node)}</Tree_>
                </div>
            )}
        </div>
    );
}

/** What is said in the place of branches; it can be asked for again. */
export function TreeNote({
    text,
    again,
}: {
    readonly text: string;
    readonly again?: () => void;
}): React.JSX.Element {
    const { level } = useStanding();
    return (
        <div className="node">
            <div
                className="tree-note"
                role="treeitem"
                aria-level={level}
                aria-disabled={again === undefined}
                tabIndex={-1}
                onClick={again}
                onKeyDown={(event) => {
                    if (event.key === "Enter") again?.();
                }}
            >
                {text}
            </div>
        </div>
    );
}

function useStanding(): Standing {
    const standing = useContext(Tree_);
    if (standing === null) throw new Error("a branch stands in a tree");
    return standing;
}

function firstOf(tree: HTMLElement): HTMLElement | null {
    return (
        tree.querySelector('[role="treeitem"][aria-selected="true"]') ??
        tree.querySelector('[role="treeitem"]')
    );
}

/** Scroll the tree, and nothing around it, so that a line of it is seen. */
function show(line: HTMLElement | null): void {
    const tree = line?.closest<HTMLElement>('[role="tree"]');
    if (line == null || tree == null) return;
    tree.scrollTop +=
        line.getBoundingClientRect().top - tree.getBoundingClientRect().top - tree.clientHeight / 2;
}

/** Go to another visible node: up, down, first, last, the parent, the first child. */
function move(event: KeyboardEvent, tree: HTMLElement | null): void {
    const from = document.activeElement;
    if (tree === null || !(from instanceof HTMLElement)) return;
    const all = [...tree.querySelectorAll<HTMLElement>('[role="treeitem"]')];
    const at = all.indexOf(from);
    const targets: Readonly<Record<string, HTMLElement | null | undefined>> = {
        ArrowDown: all[at + 1],
        ArrowUp: all[at - 1],
        Home: all[0],
        End: all.at(-1),
        ArrowRight: from.nextElementSibling?.querySelector<HTMLElement>('[role="treeitem"]'),
        // The first tree item of a node is its own.
        ArrowLeft: from
            .closest(".node")
            ?.parentElement?.closest(".node")
            ?.querySelector<HTMLElement>('[role="treeitem"]'),
    };
    if (at < 0 || !(event.key in targets)) return;
    event.preventDefault();
    targets[event.key]?.focus();
}
