//! The one form of a JSON value that is signed (OLPC canonical JSON, as TUF uses it).

use serde_json::Value;

/// Keys sorted, no space, `"` and `\` alone escaped, whole numbers only; `None` for what has no such form.
///
/// Files are written in it, too: control characters, which it would leave as they are and JSON refuses, have no form here.
pub(crate) fn canonical(value: &Value) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    write(value, &mut out)?;
    Some(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Option<()> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(yes) => out.extend_from_slice(if *yes { b"true" } else { b"false" }),
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            out.extend_from_slice(number.to_string().as_bytes())
        }
        Value::Number(_) => return None,
        Value::String(text) => string(text, out)?,
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                comma(at, out);
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            out.push(b'{');
            for (at, (key, field)) in fields.into_iter().enumerate() {
                comma(at, out);
                string(key, out)?;
                out.push(b':');
                write(field, out)?;
            }
            out.push(b'}');
        }
    }
    Some(())
}

fn comma(at: usize, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
}

fn string(text: &str, out: &mut Vec<u8>) -> Option<()> {
    if text.contains(|c: char| c.is_control()) {
        return None;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' || byte == b'\\' {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_form_is_that_of_the_specification() {
        let value = json!({"b": [1, true, null, {}], "a": "l'\"eau\"\\", "A": -2, "é": ""});
        let expected = "{\"A\":-2,\"a\":\"l'\\\"eau\\\"\\\\\",\"b\":[1,true,null,{}],\"é\":\"\"}";
        assert_eq!(String::from_utf8(canonical(&value).unwrap()).unwrap(), expected);
        for none in [json!([1.5]), json!("a\nb"), json!({"a\u{7f}": 1})] {
            assert_eq!(canonical(&none), None);
        }
    }
}
