//! What a request hands over in its body: named fields, whatever the body is written in.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::json;
use super::refusal::Refusal;

/// The fields of a body. Names that nobody knows are left alone.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    values: BTreeMap<String, Box<RawValue>>,
    /// Whether they came from a form, where every value is a text.
    is_form: bool,
}

impl Fields {
    /// Reads a body. An empty one has no fields, whatever it says it is.
    ///
    /// # Errors
    ///
    /// 415 for a body in a format that is not read here, 400 for one that cannot be read.
    pub(crate) async fn read(headers: &HeaderMap, body: Bytes) -> Result<Self, Refusal> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        let named = headers.get(header::CONTENT_TYPE).map_or("", |value| value.to_str().unwrap_or_default());
        match named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/json" => Self::of_json(&body),
            "application/x-www-form-urlencoded" => {
                let pairs = form_urlencoded::parse(&body);
                Self::of_form(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())))
            }
            "multipart/form-data" => Self::of_parts(named, body).await,
            _ => Err(Refusal::media_type(named)),
        }
    }

    fn of_json(body: &[u8]) -> Result<Self, Refusal> {
        json::check(body).map_err(Refusal::unreadable)?;
        let values =
            serde_json::from_slice(body).map_err(|_| Refusal::bad("the body must be a JSON object"))?;
        Ok(Self { values, is_form: false })
    }

    fn of_form(pairs: impl Iterator<Item = (String, String)>) -> Result<Self, Refusal> {
        let mut values = BTreeMap::new();
        for (name, value) in pairs {
            if name.contains('\0') || value.contains('\0') {
                return Err(Refusal::bad("a field holds a NUL character"));
            }
            let value = RawValue::from_string(json::text(&value)).map_err(Refusal::unreadable)?;
            values.insert(name, value);
        }
        Ok(Self { values, is_form: true })
    }

    async fn of_parts(content_type: &str, body: Bytes) -> Result<Self, Refusal> {
        let malformed = |error| {
            Refusal::detail(
                axum::http::StatusCode::BAD_REQUEST,
                format!("Multipart form parse error - {error}"),
            )
        };
        let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
        let body = futures::stream::once(async { Ok::<_, std::convert::Infallible>(body) });
        let mut parts = multer::Multipart::new(body, boundary);
        let mut pairs = Vec::new();
        while let Some(part) = parts.next_field().await.map_err(malformed)? {
            let name = part.name().unwrap_or_default().to_owned();
            pairs.push((name, part.text().await.map_err(malformed)?));
        }
        Self::of_form(pairs.into_iter())
    }

    /// A field as JSON; null counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.get()).filter(|value| *value != "null")
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// 400 when it is something else.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        serde_json::from_str(value).map(Some).map_err(|_| Refusal::bad(format!("{name} must be a text")))
    }

    /// An object, as JSON.
    ///
    /// # Errors
    ///
    /// 400 when it is something else.
    pub(crate) fn object(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.shaped(name, '{', "an object")
    }

    /// An array, as JSON. The fields of a form are texts, so one that is called like an array is left alone.
    ///
    /// # Errors
    ///
    /// 400 when it is something else.
    pub(crate) fn array(&self, name: &str) -> Result<Option<&str>, Refusal> {
        if self.is_form { Ok(None) } else { self.shaped(name, '[', "an array") }
    }

    fn shaped(&self, name: &str, begins: char, what: &str) -> Result<Option<&str>, Refusal> {
        match self.get(name) {
            Some(value) if !value.starts_with(begins) => Err(Refusal::bad(format!("{name} must be {what}"))),
            value => Ok(value),
        }
    }

    /// Texts in an array.
    ///
    /// # Errors
    ///
    /// 400 when it is something else.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Refusal> {
        let Some(value) = self.array(name)? else { return Ok(None) };
        serde_json::from_str(value)
            .map(Some)
            .map_err(|_| Refusal::bad(format!("{name} must hold texts only")))
    }

    /// An id, in any of the spellings of a UUID.
    ///
    /// # Errors
    ///
    /// 400 when it is no UUID.
    pub(crate) fn id(&self, name: &str) -> Result<Option<Uuid>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let id = serde_json::from_str::<String>(value).ok().and_then(|text| Uuid::parse_str(&text).ok());
        id.map(Some).ok_or_else(|| malformed(name))
    }

    /// Whether a field says yes, as the original takes it: anything but null, false, 0 and what is empty.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        let Some(value) = self.get(name) else { return false };
        match serde_json::from_str(value) {
            Ok(serde_json::Value::Number(number)) => number.as_f64() != Some(0.0),
            Ok(serde_json::Value::Array(items)) => !items.is_empty(),
            Ok(serde_json::Value::Object(members)) => !members.is_empty(),
            Ok(value) => !matches!(value, serde_json::Value::Bool(false)) && value != "",
            Err(_) => false,
        }
    }
}

/// 400: what stands where an id should is none.
pub(crate) fn malformed(name: &str) -> Refusal {
    Refusal::bad(format!("{name} is not a valid id"))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    async fn read(media: &str, body: &str) -> Result<Fields, Refusal> {
        let headers = [(header::CONTENT_TYPE, media.parse().unwrap())].into_iter().collect();
        Fields::read(&headers, Bytes::copy_from_slice(body.as_bytes())).await
    }

    #[tokio::test]
    async fn json_forms_and_parts_are_read() {
        let parts = "--X\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\né b\r\n--X--\r\n";
        for (media, body) in [
            ("application/json", "{\"title\":\"é b\"}"),
            ("APPLICATION/JSON;charset=utf-8", "{\"title\":\"x\",\"title\":\"é b\"}"),
            ("application/x-www-form-urlencoded", "title=%C3%A9+b&nodes=x"),
            ("multipart/form-data; boundary=X", parts),
        ] {
            let fields = read(media, body).await.unwrap();
            assert_eq!(fields.text("title"), Ok(Some("é b".to_owned())), "{media}");
            assert_eq!(fields.array("nodes"), Ok(None), "{media}");
        }
        assert_eq!(read("text/plain", "").await.unwrap().get("title"), None);
    }

    #[tokio::test]
    async fn other_bodies_are_refused() {
        for (media, body, status) in [
            ("text/json", "{}", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ("", "{}", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ("application/json", "[]", StatusCode::BAD_REQUEST),
            ("application/json", "5", StatusCode::BAD_REQUEST),
            ("application/json", "{", StatusCode::BAD_REQUEST),
            ("application/x-www-form-urlencoded", "a=%00", StatusCode::BAD_REQUEST),
            ("multipart/form-data", "x", StatusCode::BAD_REQUEST),
            ("multipart/form-data; boundary=X", "x", StatusCode::BAD_REQUEST),
        ] {
            assert_eq!(read(media, body).await.unwrap_err().status(), status, "{media} {body}");
        }
    }

    #[tokio::test]
    async fn a_field_of_another_type_is_refused_and_null_is_absent() {
        let fields =
            read("application/json", r#"{"n":5,"null":null,"u":"{6F9619FF-8B86-D011-B42D-00CF4FC964FF}"}"#)
                .await
                .unwrap();
        assert!(fields.text("n").is_err() && fields.array("n").is_err() && fields.object("n").is_err());
        assert!(fields.id("n").is_err() && fields.texts("n").is_err());
        assert_eq!(fields.id("null"), Ok(None));
        assert_eq!(fields.id("u").unwrap().unwrap().to_string(), "6f9619ff-8b86-d011-b42d-00cf4fc964ff");
        assert!(fields.is_set("n") && !fields.is_set("null"));
    }
}
