use crate::bench::Bench;

crate::on_every_engine!(what_is_stored_is_counted);

async fn what_is_stored_is_counted(b: Bench) {
    let before = b.store.storage_figures().await.unwrap();
    assert_eq!(
        (before.calls, before.recordings_bytes, before.uploads_bytes),
        (0, 0, 0)
    );
    let ann = b.user("ann").await.id;
    let (call, _) = (b.ready_call(&ann, "Talk").await, b.call(&ann, "Another").await);
    let upload = b.upload(&ann, None).await;
    b.append(&upload, 0, 7).await.unwrap();
    let figures = b.other.storage_figures().await.unwrap();
    assert_eq!(
        (figures.calls, figures.recordings_bytes, figures.uploads_bytes),
        (2, 20, 7)
    );
    assert!(figures.database_bytes.unwrap() > 10_000);
    b.store.call_delete(crate::bench::CLI, &call.id).await.unwrap();
    assert_eq!(b.store.storage_figures().await.unwrap().calls, 1);
}
