//! Pages of lists that the emulator gives whole.

use serde_json::Value;

/// One page of a list and the token of the next. The token is the position of its first item; one that is no
/// number starts from the beginning.
pub fn page(items: Vec<Value>, size: usize, token: Option<&str>) -> (Vec<Value>, Option<String>) {
    let start = token.and_then(|token| token.parse::<usize>().ok()).unwrap_or(0).min(items.len());
    let end = start.saturating_add(size.max(1)).min(items.len());
    let next = (end < items.len()).then(|| end.to_string());
    (items.into_iter().skip(start).take(end - start).collect(), next)
}

/// Cuts `answer[list]` to the page that the request asks for with `maxResults` and `nextToken`.
pub fn cut(answer: &mut Value, list: &str, request: &Value, default_size: u64) {
    let Some(items) = answer.get_mut(list).and_then(Value::as_array_mut) else { return };
    let size = request.get("maxResults").and_then(Value::as_u64).unwrap_or(default_size);
    let token = request.get("nextToken").and_then(Value::as_str);
    let (page, next) = page(std::mem::take(items), usize::try_from(size).unwrap_or(100), token);
    answer[list] = Value::Array(page);
    if let (Some(next), Some(answer)) = (next, answer.as_object_mut()) {
        answer.insert("nextToken".into(), Value::String(next));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pages_lead_to_the_end_once() {
        let mut seen = Vec::new();
        let mut token = None;
        loop {
            let mut answer = json!({ "names": (0..25).collect::<Vec<_>>() });
            let mut request = json!({ "maxResults": 10 });
            if let Some(token) = token {
                request["nextToken"] = token;
            }
            cut(&mut answer, "names", &request, 100);
            seen.extend(answer["names"].as_array().unwrap().iter().filter_map(Value::as_u64));
            token = answer.get("nextToken").cloned();
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..25).collect::<Vec<u64>>());
    }

    #[test]
    fn nonsense_never_panics() {
        assert_eq!(page(vec![json!(1)], 0, Some("zz")).0.len(), 1);
        assert_eq!(page(vec![json!(1)], 5, Some("99")), (vec![], None));
    }
}
