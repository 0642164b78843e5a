//! The description of the API: OpenAPI 3.1, at `/openapi.json`.

mod operations;
mod schemas;

use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{ResponseBuilder, ResponsesBuilder};
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, Components, ComponentsBuilder, ObjectBuilder, Schema,
    Type,
};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required};
use utoipa::{PartialSchema, ToSchema};

use crate::http::accept::{EVENTS, JSON, PROBLEM};
use operations::{Answer, OPERATIONS, Operation};

/// The name of the one security scheme.
const TOKEN: &str = "token";

/// The description of every route.
pub(crate) fn document() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for operation in OPERATIONS {
        let method = match operation.method {
            "GET" => HttpMethod::Get,
            "POST" => HttpMethod::Post,
            _ => HttpMethod::Delete,
        };
        paths = paths.path(operation.path, PathItem::new(method, described(operation)));
    }
    let about =
        "The value of the header is `Token` and the token; `Bearer`, or the token alone, will do too.";
    let token = ApiKey::Header(ApiKeyValue::with_description("Authorization", about));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("flowrun")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some("Flow runs over HTTP.")),
        )
        .paths(paths)
        .components(Some(components(SecurityScheme::ApiKey(token))))
        .build()
}

fn described(operation: &Operation) -> utoipa::openapi::path::Operation {
    let mut described =
        OperationBuilder::new().operation_id(Some(operation.id)).summary(Some(operation.summary));
    if operation.path.contains("{id}") {
        let id = ParameterBuilder::new().name("id").parameter_in(ParameterIn::Path).required(Required::True);
        described = described.parameter(id.schema(Some(text(Some("uuid")))));
    }
    if operation.path.contains("{hash}") {
        let hash = ParameterBuilder::new().name("hash").parameter_in(ParameterIn::Path);
        let about = Some("The hash of its content, as the facts of the scan give it.");
        described =
            described.parameter(hash.required(Required::True).description(about).schema(Some(text(None))));
    }
    for (name, about) in operation.parameters() {
        let is_required = operation.required == Some(name);
        described = described.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .required(if is_required { Required::True } else { Required::False })
                .description(Some(about))
                .schema(Some(parameter(name))),
        );
    }
    for (name, about) in operation.headers() {
        described = described.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(about))
                .schema(Some(text(None))),
        );
    }
    if let Some(body) = operation.body {
        let is_required = if operation.needs_body() { Required::True } else { Required::False };
        let mut request = RequestBodyBuilder::new().required(Some(is_required));
        for media in operation.media() {
            request = request
                .content(*media, ContentBuilder::new().schema(Some(Ref::from_schema_name(body))).build());
        }
        described = described.request_body(Some(request.build()));
    }
    let mut responses = ResponsesBuilder::new();
    for (status, answer) in operation.answers {
        let mut response = response(answer);
        if *status == 201 {
            for next in operation.next() {
                let link = LinkBuilder::new().operation_id(next.id).parameter("id", "$response.body#/id");
                response = response.link(next.id, link.build());
            }
        }
        responses = responses.response(status.to_string(), response);
    }
    for (status, about) in operation.refusals() {
        if operation.is_own {
            let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            let response = ResponseBuilder::new().description(about).content(PROBLEM, problem);
            responses = responses.response(status.to_string(), response);
            continue;
        }
        let (refusal, problem) = (Ref::from_schema_name("Refusal"), Ref::from_schema_name("Problem"));
        responses = responses.response(
            status.to_string(),
            ResponseBuilder::new()
                .description(about)
                .content(JSON, ContentBuilder::new().schema(Some(refusal)).build())
                .content(PROBLEM, ContentBuilder::new().schema(Some(problem)).build()),
        );
    }
    if operation.needs_token() {
        described = described.security(SecurityRequirement::new(TOKEN, [""; 0]));
    }
    described.responses(responses).build()
}

fn response(answer: &Answer) -> ResponseBuilder {
    let reference = |name: &str| RefOr::Ref(Ref::from_schema_name(name));
    let list = |name: &str| RefOr::T(Schema::Array(ArrayBuilder::new().items(reference(name)).build()));
    let either = |names: &[&str]| {
        let any_of = names.iter().fold(AnyOfBuilder::new(), |any_of, name| any_of.item(reference(name)));
        RefOr::T(Schema::AnyOf(any_of.build()))
    };
    let schema = match answer {
        Answer::One(name) => reference(name),
        Answer::All(name) => list(name),
        Answer::Either(names) => either(names),
        Answer::PageOr(names) => {
            let items = if let [name] = names { reference(name) } else { either(names) };
            let page = page_of(items);
            let one = reference(names[0]);
            RefOr::T(Schema::AnyOf(AnyOfBuilder::new().item(page).item(one).build()))
        }
        Answer::Page(name) => page_of(reference(name)),
        Answer::Nothing => return ResponseBuilder::new().description("There is nothing more."),
        Answer::Events => {
            // OpenAPI 3.1 has no word for streams: readers take the schema for that of each event.
            let event = ["id", "event", "data"].into_iter();
            let event = event.fold(ObjectBuilder::new(), |event, field| event.property(field, text(None)));
            let events = ContentBuilder::new().schema(Some(event.required("data"))).build();
            let description = "Server-sent events, each with these fields.";
            return ResponseBuilder::new().description(description).content(EVENTS, events);
        }
        Answer::Text => {
            let plain = ContentBuilder::new().schema(Some(text(None))).build();
            return ResponseBuilder::new().description("Done.").content("text/plain", plain);
        }
        Answer::File => {
            let file = || ContentBuilder::new().schema(Some(text(Some("binary")))).build();
            let files = ResponseBuilder::new().description("The file.");
            return files.content("image/png", file()).content("text/html", file());
        }
        Answer::Document => {
            let any = ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(true)));
            RefOr::T(Schema::Object(any.build()))
        }
    };
    ResponseBuilder::new()
        .description("Done.")
        .content(JSON, ContentBuilder::new().schema(Some(schema)).build())
}

/// One page of a list.
fn page_of(items: RefOr<Schema>) -> RefOr<Schema> {
    let link = || {
        ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::SchemaType::from_iter([Type::String, Type::Null]))
    };
    let count = ObjectBuilder::new().schema_type(Type::Integer);
    let page = ObjectBuilder::new()
        .property("count", count)
        .property("next", link())
        .property("previous", link())
        .property("results", ArrayBuilder::new().items(items));
    let page = ["count", "next", "previous", "results"].into_iter().fold(page, ObjectBuilder::required);
    RefOr::T(Schema::Object(page.build()))
}

/// What a parameter of a query holds. Whatever is no number counts as absent, so of most nothing but a text can be
/// demanded; an id that is empty counts as absent.
fn parameter(name: &str) -> RefOr<Schema> {
    if !name.ends_with("_id") {
        return text(None);
    }
    let none = ObjectBuilder::new().schema_type(Type::String).max_length(Some(0));
    RefOr::T(Schema::AnyOf(AnyOfBuilder::new().item(text(Some("uuid"))).item(none).build()))
}

fn text(format: Option<&str>) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let format = format.map(|format| utoipa::openapi::schema::SchemaFormat::Custom(format.to_owned()));
    RefOr::T(Schema::Object(text.format(format).build()))
}

fn components(token: SecurityScheme) -> Components {
    macro_rules! with {
        ($($name:ident),* $(,)?) => {
            ComponentsBuilder::new()$(.schema(
                <schemas::$name as ToSchema>::name(),
                <schemas::$name as PartialSchema>::schema(),
            ))*
        };
    }
    let all = with!(
        FlowRun,
        LeanFlowRun,
        WaitingNode,
        RunStatus,
        NodeStatus,
        RunNode,
        RunNodeData,
        RunObject,
        RunEdge,
        LogLine,
        Flow,
        Site,
        Page,
        ShortRun,
        ShortFlow,
        ShortSite,
        ShortPage,
        Message,
        Tally,
        Health,
        Refusal,
        Problem,
        NewFlowRun,
        SavedFlow,
        NamedFlow,
        Ids,
        SavedSite,
        SavedPage,
        RunEvent,
        Journal,
        Explanation,
        ExplainedRun,
        ExplainedNode,
        ExplainedEdge,
        RunStanding,
        WhatAgain,
        FlowToCheck,
        CheckedFlow,
        Finding,
    );
    let mut components = all.security_scheme(TOKEN, token).build();
    for name in schemas::OPEN {
        if let Some(RefOr::T(Schema::Object(shape))) = components.schemas.get_mut(name) {
            shape.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true)));
        }
    }
    components
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let described: BTreeSet<(String, &str)> =
            OPERATIONS.iter().map(|operation| (operation.path.to_owned(), operation.method)).collect();
        assert_eq!(described, crate::routes::all());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = serde_json::to_value(document()).unwrap();
        let text = document.to_string();
        assert_eq!(document["openapi"], "3.1.0");
        for name in schemas::OPEN {
            assert_eq!(document["components"]["schemas"][name]["additionalProperties"], true, "{name}");
        }
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
