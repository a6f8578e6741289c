//! `gantry-bindgen <in.wasm> <folder> <name>` writes `<name>.js` and `<name>_bg.wasm` for browsers.
//!
//! `cargo xtask build` runs it when the compiled front end changed.

use std::error::Error;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

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
    let mut bindgen = Bindgen::new();
    bindgen.input_path(input).out_name(name).web(true)?.typescript(false).remove_producers_section(true);
    bindgen.generate(folder)?;
    Ok(())
}
