//! How links to legal pages are called, in the languages of many websites.
//!
//! Words are compared whole: `/toshiba-laptops` holds no `tos`. A phrase that can mean nothing else is found
//! anywhere; a word that can (`privacy screens`) counts when nothing but its usual company stands beside it.

/// What a link is looked through for.
#[derive(Debug)]
pub(super) struct Topic {
    /// Found anywhere in a text, word by word.
    phrases: &'static [&'static str],
    /// Found where every other word is usual company.
    words: &'static [&'static str],
    /// Found anywhere, within words too: the script has no spaces, or words grow endings.
    parts: &'static [&'static str],
}

pub(super) const PRIVACY: Topic = Topic {
    phrases: &[
        "privacy policy",
        "privacy notice",
        "privacy statement",
        "privacy declaration",
        "privacy verklaring",
        "cookie policy and privacy",
        "data protection",
        "politique de confidentialité",
        "protection des données",
        "données personnelles",
        "política de privacidad",
        "protección de datos",
        "política de privacidade",
        "proteção de dados",
        "informativa privacy",
        "informativa sulla privacy",
        "trattamento dei dati",
        "polityka prywatności",
        "ochrana osobních údajů",
        "ochrana soukromí",
        "gizlilik politikası",
        "politica de confidențialitate",
    ],
    words: &[
        "confidentialite",
        "confidentialité",
        "gdpr",
        "gizlilik",
        "integritet",
        "personvern",
        "privacidad",
        "privacidade",
        "privacy",
        "privacypolicy",
        "prywatnosc",
        "prywatność",
        "rgpd",
        "riservatezza",
        "soukromi",
        "soukromí",
        "tietosuoja",
    ],
    parts: &[
        "adatkezel",
        "adatvédel",
        "datenschutz",
        "integritetspolicy",
        "kişisel veri",
        "personuppgift",
        "personvernerklæring",
        "politykaprywatnosci",
        "privacybeleid",
        "privacyverklaring",
        "privatlivspolitik",
        "tietosuojaseloste",
        "απορρήτου",
        "конфиденциальност",
        "персональных данных",
        "персональні дані",
        "פרטיות",
        "الخصوصية",
        "プライバシー",
        "個人情報",
        "隐私",
        "隱私",
        "개인정보",
    ],
};

pub(super) const TERMS: Topic = Topic {
    phrases: &[
        "algemene voorwaarden",
        "allgemeine geschäftsbedingungen",
        "condiciones de uso",
        "condiciones generales",
        "conditions d utilisation",
        "conditions de vente",
        "conditions générales",
        "condições de uso",
        "condizioni d uso",
        "condizioni generali",
        "kullanım koşulları",
        "obchodní podmínky",
        "terminos y condiciones",
        "terms and conditions",
        "terms of sale",
        "terms of service",
        "terms of use",
        "termini di servizio",
        "termos de uso",
        "términos y condiciones",
        "user agreement",
    ],
    words: &[
        "agb",
        "cgu",
        "cgv",
        "condiciones",
        "conditions",
        "condizioni",
        "eula",
        "podmínky",
        "regulamin",
        "terminos",
        "termini",
        "termos",
        "terms",
        "tos",
        "términos",
        "vilkår",
        "villkor",
        "voorwaarden",
    ],
    parts: &[
        "geschäftsbedingungen",
        "geschaeftsbedingungen",
        "gebruiksvoorwaarden",
        "käyttöehdot",
        "nutzungsbedingungen",
        "termsandconditions",
        "termsofservice",
        "termsofuse",
        "όροι χρήσης",
        "пользовательское соглашение",
        "условия использования",
        "умови використання",
        "利用規約",
        "服务条款",
        "使用条款",
        "服務條款",
        "이용약관",
    ],
};

/// What stands beside a topic and says nothing of its own.
const COMPANY: &[&str] = &[
    "a",
    "and",
    "asp",
    "aspx",
    "center",
    "centre",
    "choices",
    "cookie",
    "cookies",
    "d",
    "de",
    "der",
    "des",
    "di",
    "en",
    "et",
    "für",
    "general",
    "generales",
    "htm",
    "html",
    "hub",
    "info",
    "information",
    "legal",
    "na",
    "notice",
    "notices",
    "of",
    "online",
    "our",
    "page",
    "php",
    "policies",
    "policy",
    "politica",
    "politik",
    "politique",
    "política",
    "protection",
    "rights",
    "s",
    "sale",
    "security",
    "service",
    "services",
    "settings",
    "shop",
    "site",
    "statement",
    "store",
    "the",
    "trust",
    "und",
    "us",
    "use",
    "user",
    "utilisation",
    "vente",
    "web",
    "website",
    "y",
    "your",
    "zu",
];

impl Topic {
    /// Whether a text speaks of it: the words of a link, or a part of its address.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        if self.parts.iter().any(|part| text.contains(part)) {
            return true;
        }
        let words: Vec<&str> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let spoken = format!(" {} ", words.join(" "));
        let is_whole = |phrase: &&'static str| {
            spoken
                .match_indices(*phrase)
                .any(|(at, found)| spoken[..at].ends_with(' ') && spoken[at + found.len()..].starts_with(' '))
        };
        let is_company = |word: &&str| self.words.contains(word) || is_usual(word);
        self.phrases.iter().any(is_whole)
            || (words.iter().any(|word| self.words.contains(word)) && words.iter().all(is_company))
    }
}

fn is_usual(word: &str) -> bool {
    // Years and versions stand beside them too, and each topic beside the other.
    COMPANY.contains(&word)
        || word.bytes().all(|byte| byte.is_ascii_digit())
        || [&PRIVACY, &TERMS].iter().any(|topic| topic.words.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_and_in_many_languages() {
        for privacy in [
            "Privacy",
            "Your privacy choices",
            "privacy-policy.html",
            "privacy_policy",
            "Read the privacy policy of Acme Ltd.",
            "Privacy & Terms",
            "Datenschutzerklärung",
            "datenschutz",
            "Politique de confidentialité",
            "Política de privacidad",
            "Informativa sulla privacy",
            "Политика конфиденциальности",
            "プライバシーポリシー",
            "隐私政策",
        ] {
            assert!(PRIVACY.is_in(privacy), "{privacy}");
        }
        for other in ["privacy-screen-film", "Privacy fences from 20 €", "piracy", "", "terms", "data"] {
            assert!(!PRIVACY.is_in(other), "{other}");
        }
        for terms in [
            "Terms",
            "tos",
            "terms-of-service",
            "Terms & Conditions",
            "AGB",
            "Nutzungsbedingungen",
            "CGV",
            "Conditions générales de vente",
            "Términos y condiciones",
            "利用規約",
            "Terms of Use – Acme",
            "terms-2024",
        ] {
            assert!(TERMS.is_in(terms), "{terms}");
        }
        for other in
            ["toshiba-laptops", "termsheet", "medical-conditions", "Weather conditions", "agbar", "photos"]
        {
            assert!(!TERMS.is_in(other), "{other}");
        }
    }
}
