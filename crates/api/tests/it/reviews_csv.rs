//! Reviews as a table.

use serde_json::json;

use crate::reviews::{Scene, criteria};

#[tokio::test]
async fn reviews_come_as_a_table() {
    let s = Scene::new().await;
    let review = s.begin(&s.bob).await;
    s.fill(&s.bob, &review, 2).await;
    let criterion = &criteria()[0];
    let place = json!({"start_ms": 1_000, "end_ms": 2_000});
    s.evidence(&s.bob, &review, criterion, place).await;
    let body = json!({"value": 2, "note": "+49 \"quoted\"\nand more"});
    s.score(&s.bob, &review, criterion, body).await;
    s.score(&s.bob, &review, &criteria()[4], json!({"not_applicable": true}))
        .await;
    s.step(&s.bob, &review, "submit").await;
    let table = s.get(&s.ann, "reviews.csv").await;
    assert!(table.header("content-type").starts_with("text/csv"));
    assert!(table.header("content-disposition").contains("reviews.csv"));
    let text = table.text();
    let rows: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 6, "{text}");
    assert!(rows[0].starts_with("call_id,call_title,call_occurred_at,rep_id,rep,review_id"));
    let first = rows[1];
    // What people wrote is text in a spreadsheet, whatever it looks like.
    assert!(first.contains(",'=Talk.wav,"), "{first}");
    assert!(
        first.contains(",2,false,\"'+49 \"\"quoted\"\"\nand more\","),
        "{first}"
    );
    assert!(first.contains(",0-2000 | 1000-2000,"), "{first}");
    assert!(
        first.contains("\"Hello. =1+1, \"\"so\"\" | =1+1, \"\"so\"\"\""),
        "{first}"
    );
    assert!(
        first.contains(",submitted,") && first.contains(",250,"),
        "{first}"
    );
    assert!(rows[5].contains(",Next steps,,true,,"), "{}", rows[5]);

    let count = async |query: String| {
        let text = s.get(&s.ann, &format!("reviews.csv?{query}")).await.text();
        text.split_terminator("\r\n").count() - 1
    };
    assert_eq!(count(format!("call_id={}", s.call)).await, 5);
    let detail = s.get(&s.ann, &review).await.json();
    let begun_at = detail["created_at"].as_i64().unwrap();
    assert_eq!(count(format!("from={begun_at}")).await, 5);
    assert_eq!(count(format!("until={begun_at}")).await, 0);
    assert_eq!(
        count("rubric_id=rubric_00000000000000000000000000".to_owned()).await,
        0
    );
    s.get(&s.ann, "reviews.csv?from=-1")
        .await
        .is_problem(422, "invalid_value");
    let log = s
        .app
        .store
        .audit_list(
            &gametape_store::AuditFilter::default(),
            &gametape_core::page::PageRequest::default(),
        )
        .await
        .unwrap();
    let exports = log
        .items
        .iter()
        .filter(|it| it.action.as_str() == "review.export")
        .count();
    assert_eq!(exports, 5);
}

#[tokio::test]
async fn a_table_of_many_reviews_comes_whole() {
    let s = Scene::new().await;
    // More than are read at once.
    for n in 0..120 {
        let review = s.begin(&s.ann).await;
        let value = 1 + n % 5;
        s.score(&s.ann, &review, &criteria()[0], json!({"value": value}))
            .await;
        s.step(&s.ann, &review, "withdraw").await;
    }
    let text = s.get(&s.ann, "reviews.csv").await.text();
    let mut reviews: Vec<&str> = text
        .lines()
        .skip(1)
        .map(|row| row.split(',').nth(5).unwrap())
        .collect();
    assert_eq!(reviews.len(), 120);
    reviews.dedup();
    assert_eq!(reviews.len(), 120);
    assert!(reviews.is_sorted());
}
