//! The `Authorization` header.

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::refusal::Refusal;

/// What a caller shows to say who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// A token after the word `Token`.
    Token(String),
    /// A token after the word `Bearer`.
    Bearer(String),
    /// A single word, which may be a token.
    Bare(String),
}

impl Credentials {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// 401 in the words of the original, for headers that name nobody.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Err(not_provided()) };
        // Of two tokens a proxy in front may have checked the other one.
        if values.next().is_some() {
            return Err(unauthorized("There is more than one Authorization header."));
        }
        // What is not ASCII is no token; which of the schemes it means is still seen.
        let value = String::from_utf8_lossy(value.as_bytes());
        let words: Vec<&str> = value.split_ascii_whitespace().collect();
        let own = |word: &str| word.to_owned();
        match *words.as_slice() {
            [scheme] if scheme.eq_ignore_ascii_case("token") => {
                Err(unauthorized("Invalid token header. No credentials provided."))
            }
            [scheme, token] if scheme.eq_ignore_ascii_case("token") => Ok(Self::Token(own(token))),
            [scheme, ..] if scheme.eq_ignore_ascii_case("token") => {
                Err(unauthorized("Invalid token header. Token string should not contain spaces."))
            }
            ["Bearer", token] => Ok(Self::Bearer(own(token))),
            ["Bearer", ..] => {
                let text = "Authorization header must contain two space-delimited values";
                Err(unauthorized(text).with("code", "bad_authorization_header"))
            }
            [word] => Ok(Self::Bare(own(word))),
            _ => Err(not_provided()),
        }
    }

    /// The token to look up.
    pub(crate) fn token(&self) -> &str {
        match self {
            Self::Token(token) | Self::Bearer(token) | Self::Bare(token) => token,
        }
    }

    /// What is answered when nobody has this token. A single word that is none of ours is some other scheme.
    pub(crate) fn refused(&self) -> Refusal {
        match self {
            Self::Token(_) => unauthorized("Invalid token."),
            Self::Bare(word) if word.starts_with(crate::repo::TOKEN_PREFIX) => unauthorized("Invalid token."),
            Self::Bare(_) => not_provided(),
            Self::Bearer(_) => {
                unauthorized("Given token not valid for any token type").with("code", "token_not_valid").with(
                    "messages",
                    json!([{
                        "token_class": "AccessToken",
                        "token_type": "access",
                        "message": "Token is invalid or expired",
                    }]),
                )
            }
        }
    }
}

fn not_provided() -> Refusal {
    unauthorized("Authentication credentials were not provided.")
}

fn unauthorized(text: &str) -> Refusal {
    Refusal::detail(StatusCode::UNAUTHORIZED, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Credentials, Refusal> {
        Credentials::of(&[(header::AUTHORIZATION, value.parse().unwrap())].into_iter().collect())
    }

    #[test]
    fn three_forms_hold_a_token() {
        for value in ["Token abc", "token abc", "TOKEN  abc", "ToKeN\tabc"] {
            assert_eq!(read(value), Ok(Credentials::Token("abc".to_owned())), "{value}");
        }
        assert_eq!(read("Bearer abc"), Ok(Credentials::Bearer("abc".to_owned())));
        assert_eq!(read("abc"), Ok(Credentials::Bare("abc".to_owned())));
    }

    #[test]
    fn every_other_form_is_refused_in_the_words_of_the_original() {
        let none = not_provided();
        for value in ["", "Basic YTpi", "bearer abc", "ApiKey a b"] {
            assert_eq!(read(value), Err(none.clone()), "{value}");
        }
        assert_eq!(Credentials::of(&HeaderMap::new()), Err(none.clone()));
        assert_eq!(read("Token"), Err(unauthorized("Invalid token header. No credentials provided.")));
        assert!(read("Token a b").is_err_and(|refusal| refusal != none));
        assert!(read("Bearer").is_err_and(|refusal| refusal != none));
        assert_eq!(read("Token=abc").unwrap().refused(), none);
    }

    #[test]
    fn one_of_two_tokens_is_not_chosen() {
        for second in ["Token abc", "Token abd", ""] {
            let headers = ["Token abc", second].map(|value| (header::AUTHORIZATION, value.parse().unwrap()));
            let mut both = HeaderMap::new();
            for (name, value) in headers {
                both.append(name, value);
            }
            let refused = unauthorized("There is more than one Authorization header.");
            assert_eq!(Credentials::of(&both), Err(refused), "{second}");
        }
    }
}
