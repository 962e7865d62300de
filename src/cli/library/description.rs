//! The description of the questions for programs, in OpenAPI 3.1: made from the tables by which parameters are
//! read, and from the types that are written.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::parameters::{Limit, Parameter, Share, Text, VALUES, Whole};
use super::questions::{QUESTIONS, Question, song_name_schema};
use super::serve::Answer;

/// Where the schemas of answers stand in the document.
const SCHEMAS: &str = "/components/schemas";
/// The statuses of answers without songs, and the response of the document that describes each.
const REFUSALS: [(&str, &str); 10] = [
    ("400", "Problem"),
    ("401", "Unauthorized"),
    ("403", "Problem"),
    ("404", "Problem"),
    ("408", "Later"),
    ("421", "Problem"),
    ("422", "Problem"),
    ("429", "Later"),
    ("503", "Later"),
    ("default", "Problem"),
];

/// The whole document.
pub(super) fn description() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = SCHEMAS.into();
            settings.meta_schema = None;
        })
        .for_serialize()
        .into_generator();
    let answer = generator.subschema_for::<Answer<'static>>();
    let mut schemas = generator.take_definitions(true);
    schemas.insert("SongName".to_owned(), song_name_schema());
    schemas.insert("Problem".to_owned(), problem());

    let mut paths = Map::new();
    for question in &QUESTIONS {
        let path = format!("/api/v1/library/{}", question.name);
        paths.insert(path, json!({ "get": operation(question, &answer) }));
    }
    let this = json!({
        "operationId": "description",
        "summary": "This document",
        "responses": {
            "200": {
                "description": "This document.",
                "content": { "application/json": { "schema": { "type": "object" } } }
            },
            "default": { "$ref": "#/components/responses/Problem" }
        }
    });
    paths.insert(
        "/api/v1/library/openapi.json".to_owned(),
        json!({ "get": this }),
    );
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Soundalike's library",
            "version": "1",
            "description": "Asks somebody's own library which of its songs sound alike. docs/library.md describes it.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" }
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "The token of the library." }
            },
            "responses": {
                "Problem": refusal("What is wrong, in a sentence.", None),
                "Unauthorized": refusal(
                    "The token is missing.",
                    Some(("WWW-Authenticate", json!({ "const": "Bearer" })))
                ),
                "Later": refusal(
                    "Not now: try again after so many seconds.",
                    Some(("Retry-After", json!({ "type": "integer", "minimum": 1 })))
                )
            },
            "schemas": schemas
        }
    })
}

fn operation(question: &Question, answer: &schemars::Schema) -> Value {
    let mut responses = Map::new();
    let songs = json!({
        "description": "The songs.",
        "content": { "application/json": { "schema": answer } }
    });
    responses.insert("200".to_owned(), songs);
    for (status, name) in REFUSALS {
        let reference = format!("#/components/responses/{name}");
        responses.insert(status.to_owned(), json!({ "$ref": reference }));
    }
    let parameters: Vec<Value> = question.parameters().map(parameter).collect();
    json!({
        "operationId": question.name,
        "summary": question.summary,
        "description": question.about,
        "security": [{ "token": [] }],
        "parameters": parameters,
        "responses": responses
    })
}

fn parameter(parameter: &Parameter) -> Value {
    let described = |name: &str, about: &str, schema: Value| json!({ "name": name, "in": "query", "description": about, "schema": schema });
    match *parameter {
        Parameter::Whole(Whole {
            name,
            about,
            from,
            to,
            default,
        }) => described(
            name,
            about,
            json!({ "type": "integer", "minimum": from, "maximum": to, "default": default }),
        ),
        Parameter::Limit(Limit { name, about, to }) => described(
            name,
            about,
            json!({ "type": "integer", "minimum": 1, "maximum": to }),
        ),
        Parameter::Share(Share {
            name,
            about,
            default,
        }) => described(
            name,
            about,
            json!({ "type": "number", "minimum": 0, "maximum": 1, "default": default }),
        ),
        Parameter::Flag { name, about } => {
            described(name, about, json!({ "type": "boolean", "default": false }))
        }
        Parameter::Text(Text {
            name,
            about,
            schema,
            several,
            required,
        }) => {
            let mut described = if several {
                let list = json!({
                    "type": "array", "items": schema(), "minItems": 1, "maxItems": VALUES
                });
                let mut described = described(name, about, list);
                described["style"] = "form".into();
                described["explode"] = true.into();
                described
            } else {
                described(name, about, schema())
            };
            if required {
                described["required"] = true.into();
            }
            described
        }
    }
}

/// A response that is no answer, with its header.
fn refusal(about: &str, header: Option<(&str, Value)>) -> Value {
    let mut refusal = json!({
        "description": about,
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
    });
    if let Some((name, schema)) = header {
        refusal["headers"] = json!({ name: { "required": true, "schema": schema } });
    }
    refusal
}

/// What the server answers instead of songs.
fn problem() -> Value {
    json!({
        "type": "object",
        "description": "As in RFC 9457.",
        "required": ["type", "title", "status", "detail"],
        "additionalProperties": false,
        "properties": {
            "type": { "type": "string", "pattern": "^urn:soundalike:problem:[a-z-]+$" },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "minLength": 1 }
        }
    })
}
