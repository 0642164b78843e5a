//! In which order nodes start.

use super::transcript;

#[test]
fn roots_start_in_the_order_of_the_nodes() {
    insta::assert_snapshot!(transcript("scan a -> scan c, scan b, scan d -> c", "0 start"), @"
    0 start
      + run started
      + started a#1
      + started b#1
      + started d#1
      > start a#1
      > start b#1
      > start d#1
    ");
}

#[test]
fn a_node_without_conditions_starts_all_its_children_in_the_order_of_the_edges() {
    let drawing = "scan a, scan b, scan c, scan d, a -> d, a -> b, a -> c, b -> c";
    insta::assert_snapshot!(transcript(drawing, "0 start; 1 ok a; 2 ok b"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 ok a
      + passed a#1
      + started d#1
      + started b#1
      > start d#1
      > start b#1
    2 ok b
      + passed b#1
      + started c#1
      > start c#1
    ");
}

#[test]
fn true_children_start_before_false_ones() {
    let drawing = "probe a {score >= 80} -> slack no [false], a -> slack yes [true]";
    let script = r#"0 start
        ; 1 object a bad passed {"type":"probe","score":10}
        ; 2 object a good passed {"type":"probe","score":90}
        ; 3 done a"#;
    insta::assert_snapshot!(transcript(drawing, script), @r#"
    0 start
      + run started
      + started a#1
      > start a#1
    1 object a bad passed {"type":"probe","score":10}
      + objects a: bad passed
    2 object a good passed {"type":"probe","score":90}
      + objects a: good passed
    3 done a
      + judged a/0: false
      + judged a/1: true
      + passed a#1
      + started yes#1
      + started no#1
      > start yes#1
      > start no#1
    "#);
}

#[test]
fn children_behind_an_empty_node_come_last() {
    let drawing = "scan a -> empty e -> scan x, a -> scan b, a -> x";
    insta::assert_snapshot!(transcript(drawing, "0 start; 1 ok a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 ok a
      + passed a#1
      + reached e
      + started b#1
      + started x#1
      > start b#1
      > start x#1
    ");
}

#[test]
fn children_behind_a_skipped_node_come_last() {
    let drawing = "probe a {score >= 80} -> scan s [true] -> scan x [true], a -> scan n [false], n -> scan m, \
                   scan r -> x";
    let script = r#"0 start; 1 ok r; 2 object a o passed {"type":"probe","score":10}; 3 done a"#;
    insta::assert_snapshot!(transcript(drawing, script), @r#"
    0 start
      + run started
      + started a#1
      + started r#1
      > start a#1
      > start r#1
    1 ok r
      + passed r#1
    2 object a o passed {"type":"probe","score":10}
      + objects a: o passed
    3 done a
      + judged a/0: false
      + passed a#1
      + skipped s
      + started n#1
      + started x#1
      > start n#1
      > start x#1
    "#);
}

#[test]
fn children_behind_a_receiver_without_objects_come_last() {
    let drawing = "scan a -> slack s -> scan x, a -> scan b";
    insta::assert_snapshot!(transcript(drawing, "0 start; 1 ok a"), @"
    0 start
      + run started
      + started a#1
      > start a#1
    1 ok a
      + passed a#1
      + nothing to send s
      + started b#1
      + started x#1
      > start b#1
      > start x#1
    ");
}
