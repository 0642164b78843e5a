//! Numbers that are given to a task and reach its tests as variables of their environment.

use crate::step::Failed;

/// An option, and the variable that the tests read it from.
pub(crate) type Setting = (&'static str, &'static str);

/// The variables that the arguments stand for.
pub(crate) fn read<'a>(
    options: &[Setting],
    help: &'static str,
    arguments: &'a [String],
) -> Result<Vec<(&'static str, &'a str)>, Failed> {
    let pairs = arguments.chunks(2).map(|pair| {
        let [name, value] = pair else { return None };
        let (_, variable) = options.iter().find(|(option, _)| option == name)?;
        value.parse::<u32>().ok()?;
        Some((*variable, value.as_str()))
    });
    pairs.collect::<Option<_>>().ok_or_else(|| Failed::check("these are not its arguments", help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_names_with_numbers() {
        let of = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            read(&[("--kills", "KILLS"), ("--seed", "SEED")], "", &words).map(|settings| settings.len()).ok()
        };
        assert_eq!(of(&["--kills", "5", "--seed", "7"]), Some(2));
        assert_eq!([of(&["--kills"]), of(&["--kills", "x"]), of(&["--deaths", "5"])], [None; 3]);
    }
}
