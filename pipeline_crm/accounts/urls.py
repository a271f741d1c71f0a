from django.urls import path

from pipeline_crm.accounts.views import company, notifications, profile, settings, team, views

app_name = "accounts"
urlpatterns = [
    path("profile/", profile.show, name="profile"),
    path("profile/theme/", profile.theme, name="theme"),
    path("session/", profile.session, name="session"),
    path("notifications/", notifications.notifications, name="notifications"),
    path("notifications/reading/", notifications.reading_all, name="notifications_reading"),
    path("notifications/<int:pk>/reading/", notifications.reading, name="notification_reading"),
    path("views/new/", views.new, name="new_view"),
    path("views/<int:pk>/", views.view, name="view"),
    path("views/<int:pk>/first/", views.first, name="first_view"),
    path("views/<int:pk>/removal/", views.removal, name="view_removal"),
    path("settings/", settings.index, name="settings"),
    path("settings/company/", company.show, name="company"),
    path("settings/company/rates/", company.rates, name="rates"),
    path("settings/company/rates/<int:pk>/removal/", company.rate_removal, name="rate_removal"),
    path("settings/team/", team.show, name="team"),
    path("settings/team/teams/", team.teams, name="teams"),
    path("settings/team/teams/<int:pk>/", team.team, name="one_team"),
    path("settings/team/people/", team.people, name="people"),
    path("settings/team/people/<int:pk>/", team.person, name="person"),
    path("settings/team/people/<int:pk>/link/", team.link, name="person_link"),
    path("settings/team/people/<int:pk>/memberships/", team.memberships, name="memberships"),
    path(
        "settings/team/people/<int:pk>/memberships/<int:membership_pk>/removal/",
        team.membership_removal,
        name="membership_removal",
    ),
    path("settings/team/people/<int:pk>/deactivation/", team.deactivation, name="deactivation"),
    path("settings/team/people/<int:pk>/reactivation/", team.reactivation, name="reactivation"),
]
