//! A Markdown page: its fenced blocks and its text outside of them.

use std::path::Path;

/// A page of the documentation.
pub(crate) struct Page {
    /// Its path from the repository's root.
    pub(crate) name: String,
    pub(crate) blocks: Vec<Block>,
    /// The lines outside of fenced blocks, with their numbers.
    pub(crate) prose: Vec<(usize, String)>,
}

/// A fenced block.
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
    /// The line of its fence, counted from 1.
    pub(crate) line: usize,
    /// The reason in `<!-- not run: REASON -->`, when that is the line before.
    pub(crate) not_run: Option<String>,
    /// The path in `<!-- from: PATH -->`, when that is the line before.
    pub(crate) from: Option<String>,
}

impl Page {
    pub(crate) fn read(root: &Path, path: &Path) -> Self {
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.strip_prefix(root).unwrap_or(path);
        Self::parse(&name.display().to_string(), &text)
    }

    pub(crate) fn parse(name: &str, text: &str) -> Self {
        let mut page = Self {
            name: name.to_owned(),
            blocks: Vec::new(),
            prose: Vec::new(),
        };
        let mut open: Option<Block> = None;
        for (index, line) in text.lines().enumerate() {
            let fence = line.trim_start().strip_prefix("```");
            match (open.take(), fence) {
                (Some(block), Some(_)) => page.blocks.push(block),
                (Some(mut block), None) => {
                    block.text += line;
                    block.text += "\n";
                    open = Some(block);
                }
                (None, Some(language)) => {
                    let before = page.prose.last().map_or("", |(_, line)| line.as_str());
                    open = Some(Block {
                        language: language.to_owned(),
                        text: String::new(),
                        line: index + 1,
                        not_run: comment(before, "not run"),
                        from: comment(before, "from"),
                    });
                }
                (None, None) => page.prose.push((index + 1, line.to_owned())),
            }
        }
        assert!(open.is_none(), "{name}: a fenced block is not closed");
        page
    }

    /// Whether the Python blocks of this page need the package `access_advisor`, which the Python tests have.
    pub(crate) fn needs_the_python_package(&self) -> bool {
        let imports = ["from access_advisor import", "import access_advisor"];
        self.blocks.iter().any(|block| {
            block.language == "python" && imports.iter().any(|import| block.text.contains(import))
        })
    }
}

/// `<!-- KIND: WHAT -->`
fn comment(line: &str, kind: &str) -> Option<String> {
    let inner = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    let what = inner.strip_prefix(kind)?.strip_prefix(':')?;
    Some(what.trim().to_owned())
}

#[test]
fn blocks_are_found_with_their_marks() {
    let page = Page::parse(
        "page",
        "Text\n\n<!-- not run: needs AWS -->\n```console\n$ aws\n```\n\n```text\n```\n",
    );
    let [console, text] = page.blocks.as_slice() else {
        panic!("two blocks");
    };
    assert_eq!(console.text, "$ aws\n");
    assert_eq!(
        (console.line, console.not_run.as_deref()),
        (4, Some("needs AWS"))
    );
    assert_eq!((text.line, text.not_run.as_deref()), (8, None));
    assert_eq!(page.prose.len(), 4);
}
