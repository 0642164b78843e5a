//! From bytes to text as browsers do it: the encoding sniffing algorithm of the HTML standard (section 13.2.3) on
//! top of the encodings of the Encoding standard, which the crate `encoding_rs` holds.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};
use flowrun_guard::Response;

/// Bytes that are looked through for a `meta` element before anything is parsed.
pub(crate) const PRESCAN: usize = 1024;

/// The character set of a document, and how it became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Charset {
    pub(crate) encoding: &'static Encoding,
    pub(crate) source: Source,
}

/// Where a character set comes from; the first of them counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    ByteOrderMark,
    /// `charset` in `Content-Type`.
    Header,
    /// A `meta` element or an XML declaration in the first 1,024 bytes.
    Document,
    /// A `meta` element behind them: found while parsing, which then begins again.
    LateMeta,
    /// Nobody said: UTF-8 if the document is that as a whole, else windows-1252.
    Guess,
}

impl Charset {
    /// The character set of a response's body, as far as it is known before parsing.
    pub(crate) fn of(response: &Response) -> Self {
        let of = |encoding, source| Self { encoding, source };
        let body = &response.body;
        if let Some((encoding, _)) = Encoding::for_bom(body) {
            return of(encoding, Source::ByteOrderMark);
        }
        // Of several headers the last that names one counts (Fetch standard, extract a MIME type).
        let named = response.headers.get_all("content-type").filter_map(charset_of_type).last();
        if let Some(encoding) = named {
            return of(encoding, Source::Header);
        }
        if let Some(encoding) = prescan(&body[..body.len().min(PRESCAN)]) {
            return of(encoding, Source::Document);
        }
        // The standard leaves detection to the reader and names UTF-8 as what can be told with certainty when
        // the whole file is there; windows-1252 is its suggestion for everything else.
        let guess = if std::str::from_utf8(body).is_ok() { UTF_8 } else { WINDOWS_1252 };
        of(guess, Source::Guess)
    }

    /// What a `meta` element that was met while parsing changes; `None` when it changes nothing.
    pub(crate) fn changed_by(self, label: &str) -> Option<Self> {
        let encoding = of_meta(Encoding::for_label(label.as_bytes())?);
        let is_news = self.source == Source::Guess && encoding != self.encoding;
        is_news.then_some(Self { encoding, source: Source::LateMeta })
    }

    /// The text of a body. What cannot be decoded becomes U+FFFD.
    pub(crate) fn decode(self, body: &[u8]) -> Cow<'_, str> {
        let mark = Encoding::for_bom(body).filter(|(encoding, _)| *encoding == self.encoding);
        let (text, _) = self.encoding.decode_without_bom_handling(&body[mark.map_or(0, |(_, len)| len)..]);
        text
    }

    /// A document that a browser made of one in this character set, so that it is read as one in the same again.
    pub(crate) fn document(self, html: &str) -> Vec<u8> {
        let is_certain = self.source != Source::Guess;
        if self.source == Source::ByteOrderMark || self.encoding == UTF_16BE || self.encoding == UTF_16LE {
            return ["\u{feff}", html].concat().into_bytes();
        }
        if is_certain && self.encoding == UTF_8 {
            return html.as_bytes().to_vec();
        }
        // As references, which read alike in every character set that is left, also in one that a `meta` element
        // names late. In scripts they are none, but of those nobody reads the texts.
        let mut bytes = Vec::with_capacity(html.len());
        for c in html.chars() {
            match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() => bytes.push(byte),
                _ => bytes.extend(format!("&#{};", u32::from(c)).into_bytes()),
            }
        }
        bytes
    }

    /// The bytes of `text` in the query of an address: what the encoding lacks is written as a number reference.
    pub(crate) fn encode(self, text: &str) -> Cow<'_, [u8]> {
        self.encoding.encode(text).0
    }
}

/// The encoding that `charset` names in the value of a `Content-Type` header.
fn charset_of_type(value: &str) -> Option<&'static Encoding> {
    value
        .split(';')
        .skip(1)
        .find_map(|parameter| {
            let (name, label) = parameter.split_once('=')?;
            let is_charset = name.trim().eq_ignore_ascii_case("charset");
            // White space may not stand around `=`, and servers put it there.
            is_charset.then(|| label.trim().trim_matches(['"', '\'']))
        })
        .and_then(|label| Encoding::for_label(label.as_bytes()))
}

/// What a `meta` element may not mean: a document that was read so far is not UTF-16.
fn of_meta(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == UTF_16BE || encoding == UTF_16LE {
        UTF_8
    } else if encoding == X_USER_DEFINED {
        WINDOWS_1252
    } else {
        encoding
    }
}

/// The algorithm "prescan a byte stream to determine its encoding" of the HTML standard.
fn prescan(bytes: &[u8]) -> Option<&'static Encoding> {
    if bytes.starts_with(b"<\0?\0x\0") {
        return Some(UTF_16LE);
    }
    if bytes.starts_with(b"\0<\0?\0x") {
        return Some(UTF_16BE);
    }
    let mut scan = Scan { bytes, at: 0 };
    while scan.at < bytes.len() {
        let rest = scan.rest();
        if rest.starts_with(b"<!--") {
            // `<!-->` is a comment as well: the dashes that end it may be those that began it.
            match find(&rest[2..], b"-->") {
                Some(end) => scan.at += 2 + end + 3,
                None => break,
            }
        } else if is_tag(rest, b"meta") {
            scan.at += b"<meta".len();
            if let Some(encoding) = scan.meta() {
                return Some(encoding);
            }
        } else if let [b'<', b'a'..=b'z' | b'A'..=b'Z', ..] | [b'<', b'/', b'a'..=b'z' | b'A'..=b'Z', ..] =
            rest
        {
            scan.skip_while(|byte| !is_space(byte) && byte != b'>');
            while scan.attribute().is_some() {}
            scan.at += 1;
        } else if let [b'<', b'!' | b'/' | b'?', ..] = rest {
            scan.skip_while(|byte| byte != b'>');
            scan.at += 1;
        } else {
            scan.at += 1;
        }
    }
    xml_declaration(bytes)
}

/// Whether `bytes` begin with the start tag called `name`.
fn is_tag(bytes: &[u8], name: &[u8]) -> bool {
    let Some((b'<', rest)) = bytes.split_first() else { return false };
    let Some((start, rest)) = rest.split_at_checked(name.len()) else { return false };
    start.eq_ignore_ascii_case(name) && rest.first().is_some_and(|&byte| is_space(byte) || byte == b'/')
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// A place in the bytes.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at.min(self.bytes.len())..]
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        let rest = self.rest();
        self.at += rest.iter().position(|&byte| !wanted(byte)).unwrap_or(rest.len());
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let from = self.rest();
        let start = self.at;
        self.skip_while(wanted);
        &from[..self.at - start]
    }

    /// The next attribute of a tag ("get an attribute"), in lower case; `None` at the end of the tag.
    fn attribute(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        self.skip_while(|byte| is_space(byte) || byte == b'/');
        let first = *self.rest().first()?;
        if first == b'>' {
            return None;
        }
        let start = self.at;
        self.at += usize::from(first == b'=');
        self.skip_while(|byte| !is_space(byte) && !matches!(byte, b'=' | b'/' | b'>'));
        let name = self.bytes[start..self.at].to_ascii_lowercase();
        self.skip_while(is_space);
        if self.rest().first() != Some(&b'=') {
            return Some((name, Vec::new()));
        }
        self.at += 1;
        self.skip_while(is_space);
        let value = match self.rest().first() {
            Some(&quote @ (b'"' | b'\'')) => {
                self.at += 1;
                let value = self.take_while(|byte| byte != quote);
                self.at += 1;
                value
            }
            _ => self.take_while(|byte| !is_space(byte) && byte != b'>'),
        };
        Some((name, value.to_ascii_lowercase()))
    }

    /// The encoding that the `meta` element whose attributes follow declares.
    fn meta(&mut self) -> Option<&'static Encoding> {
        let (mut seen, mut got_pragma, mut needs_pragma) = (Vec::new(), false, None);
        let mut charset: Option<Option<&'static Encoding>> = None;
        while let Some((name, value)) = self.attribute() {
            if seen.contains(&name) {
                continue;
            }
            match &*name {
                b"http-equiv" => got_pragma |= value == b"content-type",
                b"content" if charset.is_none() => {
                    if let Some(encoding) = of_content(&value) {
                        charset = Some(Some(encoding));
                        needs_pragma = Some(true);
                    }
                }
                b"charset" => {
                    charset = Some(Encoding::for_label(&value));
                    needs_pragma = Some(false);
                }
                _ => {}
            }
            // A tag of a kilobyte holds few names.
            seen.push(name);
        }
        let counts = needs_pragma.is_some_and(|needs| !needs || got_pragma);
        charset.flatten().filter(|_| counts).map(of_meta)
    }
}

/// The algorithm "extracting a character encoding from a `meta` element" of the HTML standard.
fn of_content(content: &[u8]) -> Option<&'static Encoding> {
    let mut scan = Scan { bytes: content, at: 0 };
    loop {
        scan.at += find(scan.rest(), b"charset")? + b"charset".len();
        scan.skip_while(is_space);
        if scan.rest().first() == Some(&b'=') {
            break;
        }
    }
    scan.at += 1;
    scan.skip_while(is_space);
    let label = match scan.rest() {
        [quote @ (b'"' | b'\''), quoted @ ..] => &quoted[..quoted.iter().position(|byte| byte == quote)?],
        _ => scan.take_while(|byte| !is_space(byte) && byte != b';'),
    };
    Encoding::for_label(label)
}

/// The algorithm "get an XML encoding" of the HTML standard.
fn xml_declaration(bytes: &[u8]) -> Option<&'static Encoding> {
    if !bytes.starts_with(b"<?xml") {
        return None;
    }
    let declaration = &bytes[..bytes.iter().position(|&byte| byte == b'>')?];
    let is_blank = |byte: u8| byte <= b' ';
    let mut scan = Scan { bytes: declaration, at: find(declaration, b"encoding")? + b"encoding".len() };
    scan.skip_while(is_blank);
    let (b'=', _) = scan.rest().split_first()? else { return None };
    scan.at += 1;
    scan.skip_while(is_blank);
    let (quote @ (b'"' | b'\''), quoted) = scan.rest().split_first()? else { return None };
    let label = &quoted[..quoted.iter().position(|byte| byte == quote)?];
    // A blank in the label is an error of the declaration, which is then none.
    (!label.iter().any(|&byte| is_blank(byte))).then(|| Encoding::for_label(label)).flatten().map(of_meta)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_looked_through_as_the_standard_says() {
        for (document, expected) in [
            ("<meta charset=koi8-r>", Some("KOI8-R")),
            ("<META/charset = 'Latin1' >", Some("windows-1252")),
            ("<meta name=x charset=\"shift_jis\">", Some("Shift_JIS")),
            ("<meta charset=utf-16>", Some("UTF-8")),
            ("<meta charset=x-user-defined>", Some("windows-1252")),
            ("<meta charset=nonsense><meta charset=big5>", Some("Big5")),
            ("<meta charset=big5 charset=utf-8>", Some("Big5")),
            ("<meta content='text/html; charset=gbk' http-equiv=Content-Type>", Some("GBK")),
            ("<meta content='text/html; charset=gbk'>", None),
            ("<meta http-equiv=content-type content='charset charset=\"euc-jp\"'>", Some("EUC-JP")),
            ("<meta http-equiv=content-type content='charset=\"euc-jp'>", None),
            ("<metal charset=big5>", None),
            ("<!-- <meta charset=big5> --><meta charset=gbk>", Some("GBK")),
            ("<!--><meta charset=gbk>", Some("GBK")),
            ("<p title='<meta charset=big5>'><meta charset=gbk>", Some("GBK")),
            ("<? <meta charset=big5><meta charset=gbk>", Some("GBK")),
            ("</p <meta charset=big5><meta charset=gbk>", Some("GBK")),
            ("<script>\"<meta charset=gbk>\"</script>", Some("GBK")),
            ("<?xml version='1.0' encoding='iso-8859-2'?><p>", Some("ISO-8859-2")),
            ("<?xml encoding = \"utf-16\"?>", Some("UTF-8")),
            ("<?xml encoding=\"iso 8859\"?>", None),
            ("<?xml encoding='big5'?><meta charset=gbk>", Some("GBK")),
            ("<meta charset=\"gbk", Some("GBK")),
            ("<meta", None),
            ("<meta =", None),
            ("<", None),
            ("", None),
        ] {
            assert_eq!(prescan(document.as_bytes()).map(Encoding::name), expected, "{document}");
        }
    }

    #[test]
    fn content_types_name_one_by_any_label() {
        for (value, expected) in [
            ("text/html; charset=utf-8", Some("UTF-8")),
            ("text/html;charset=\"ISO-8859-1\"; a=b", Some("windows-1252")),
            ("text/html; a=b; Charset = 'koi8-r'", Some("KOI8-R")),
            ("text/html; charset=", None),
            ("text/html; charset=klingon", None),
            ("charset=utf-8", None),
        ] {
            assert_eq!(charset_of_type(value).map(Encoding::name), expected, "{value}");
        }
    }
}
