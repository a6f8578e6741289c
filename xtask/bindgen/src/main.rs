//! `gantry-bindgen <in.wasm> <folder> <name>` writes `<name>.js` and `<name>_bg.wasm` for browsers, `__wasm_split….js`, which
//! fetches what only some pages need, and those parts beside it.
//!
//! `cargo xtask build` runs it when the compiled front end changed.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::{Options, transform};

/// Where the macro `wasm_split` says that the parts come from.
const LINK: &str = "./__wasm_split.______________________.js";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, folder, name] = arguments.as_slice() else {
        eprintln!("usage: gantry-bindgen <in.wasm> <folder> <name>");
        return ExitCode::FAILURE;
    };
    match generate(input, folder, name) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot make the browser's half from {input}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn generate(input: &str, folder: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(folder);
    let input = std::fs::read(input)?;
    let whole = folder.join("main.wasm");
    let loader = format!("./{name}.js");
    let mut options = Options::new(&input);
    options.output_dir = folder;
    options.main_out_path = &whole;
    options.link_name = LINK;
    options.main_module = &loader;
    transform(options).map_err(|error| format!("{error:#}"))?;

    let mut bindgen = Bindgen::new();
    bindgen.input_path(&whole).out_name(name).web(true)?.typescript(false).remove_producers_section(true);
    // What the parts share is exported to them under names that the linker gave.
    bindgen.keep_lld_exports(true).remove_name_section(true);
    bindgen.generate(folder)?;
    std::fs::remove_file(whole)?;
    Ok(())
}
