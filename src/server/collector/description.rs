//! The API's description for programs, in OpenAPI 3.1: `openapi.json`, with the schema of answers.

use serde_json::{Value, json};

const DESCRIPTION: &str = include_str!("../openapi.json");
const ANSWER: &str = include_str!("../../../survey/answer.schema.json");

/// The whole description.
///
/// # Errors
/// If one of the two files is not JSON, which the tests rule out.
pub(super) fn description() -> serde_json::Result<Value> {
    // Its definitions stand among the description's own.
    let answer = ANSWER.replace("#/$defs/", "#/components/schemas/");
    let mut answer: Value = serde_json::from_str(&answer)?;
    let mut description: Value = serde_json::from_str(DESCRIPTION)?;
    let schemas = &mut description["components"]["schemas"];
    if let Some(Value::Object(definitions)) = answer.get_mut("$defs").map(Value::take) {
        for (name, definition) in definitions {
            schemas[name] = definition;
        }
    }
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("$defs");
        answer.remove("$schema");
    }
    schemas["AnyAnswer"] = json!(answer);
    Ok(description)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every reference in a value.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(to) if name == "$ref" => found.push(to.clone()),
                        _ => references(value, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_of_the_description_leads_somewhere() {
        let description = description().expect("JSON");
        let mut found = Vec::new();
        references(&description, &mut found);
        assert!(found.len() > 20);
        for reference in found {
            let pointer = reference.strip_prefix('#').expect("within the document");
            assert!(description.pointer(pointer).is_some(), "{reference}");
        }
    }
}
