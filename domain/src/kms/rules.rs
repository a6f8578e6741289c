//! AWS's rules for names in KMS.

use crate::identity::clip;

/// The alias of a key of one's own, with `alias/` before it.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
///
/// # Errors
/// What is wrong with it.
pub fn own_alias(alias: &str) -> Result<(), String> {
    let name = alias.strip_prefix("alias/").unwrap_or_default();
    if name.is_empty() || alias.len() > 256 || !name.bytes().all(fits) {
        return Err("An alias has letters, digits and / _ - after alias/, at most 256 in all.".into());
    }
    if name.starts_with("aws/") {
        return Err(format!("{} is reserved: aliases that begin with alias/aws/ are AWS's own.", clip(alias)));
    }
    Ok(())
}

/// What was entered as a name or as an alias, as an alias; when it is empty, one that is called as what the key is for. What an alias cannot
/// have becomes a hyphen.
pub fn alias_for(entered: &str, of: &str) -> String {
    let entered = entered.trim();
    if entered.is_empty() {
        let name: String = of.chars().map(|c| if u8::try_from(c).is_ok_and(fits) { c } else { '-' }).collect();
        return format!("alias/{name}");
    }
    if entered.starts_with("alias/") { entered.to_owned() } else { format!("alias/{entered}") }
}

fn fits(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"/_-".contains(&b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_called_as_what_it_is_for_unless_a_name_was_entered() {
        assert_eq!(alias_for(" ", "shop/web.api"), "alias/shop/web-api");
        assert_eq!(
            (alias_for("images", "shop"), alias_for(" alias/images ", "shop")),
            ("alias/images".into(), "alias/images".into())
        );
    }

    #[test]
    fn aliases_that_aws_refuses_are_refused() {
        assert_eq!(own_alias("alias/shop/web_api-1"), Ok(()));
        assert_eq!(own_alias(&format!("alias/{}", "a".repeat(250))), Ok(()));
        for wrong in ["", "shop", "alias/", "alias/a.b", "alias/aws/ecr", &format!("alias/{}", "a".repeat(251))] {
            assert!(own_alias(wrong).is_err(), "{wrong}");
        }
    }
}
