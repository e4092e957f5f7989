use gametape_core::{page::PageRequest, user::Role};
use gametape_store::{NewUser, UserPatch};

use crate::bench::{Bench, CLI};

crate::on_every_engine!(
    the_directory_says_who_is_here_and_no_addresses,
    people_are_found_by_name_page_by_page,
);

async fn the_directory_says_who_is_here_and_no_addresses(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let mut teams = Vec::new();
    for name in ["B", "A"] {
        let team = b.store.team_create(CLI, name).await.unwrap();
        b.store.team_add_member(CLI, &team.id, &ann.id).await.unwrap();
        teams.push(team.id);
    }
    teams.sort();
    let shut = UserPatch {
        disabled: Some(true),
        role: Some(Role::Coach),
        ..UserPatch::default()
    };
    b.store.user_update(CLI, &bob.id, shut).await.unwrap();
    let page = b.store.person_list(None, &PageRequest::default()).await.unwrap();
    assert_eq!(page.next, None);
    let mut people = page.items;
    people.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!((&people[0].id, &people[0].team_ids), (&ann.id, &teams));
    assert_eq!((people[0].role, people[0].disabled), (Role::Rep, false));
    assert_eq!((&people[1].id, people[1].team_ids.len()), (&bob.id, 0));
    assert_eq!((people[1].role, people[1].disabled), (Role::Coach, true));
    assert!(people.iter().all(|person| !person.erased));
    assert!(!format!("{people:?}").contains('@'));
}

async fn people_are_found_by_name_page_by_page(b: Bench) {
    // More than one part of what is read at once, with the wanted ones all over it.
    for n in 0..450 {
        let name = if n % 90 == 0 {
            format!("ÜMIT {n}")
        } else {
            format!("Ann {n}")
        };
        let new = NewUser {
            email: format!("{n}@example.com"),
            name,
            role: Role::Rep,
            password_hash: "x".to_owned(),
        };
        b.store.user_create(CLI, new).await.unwrap();
        b.clock.advance_ms(1);
    }
    let mut page = PageRequest {
        after: None,
        limit: 2,
    };
    let (mut names, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let found = b.store.person_list(Some("ümit"), &page).await.unwrap();
        sizes.push(found.items.len());
        names.extend(found.items.into_iter().map(|person| person.name));
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
    assert_eq!(names, ["ÜMIT 0", "ÜMIT 90", "ÜMIT 180", "ÜMIT 270", "ÜMIT 360"]);
    let all = PageRequest::default();
    for (text, count) in [("NN 1", 50), ("%", 0), ("\0", 0), ("", 50), ("nn 44", 11)] {
        let found = b.store.person_list(Some(text), &all).await.unwrap();
        assert_eq!(found.items.len(), count, "{text}");
    }
}
