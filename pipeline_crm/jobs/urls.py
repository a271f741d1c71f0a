from django.urls import path

from pipeline_crm.jobs import views

app_name = "jobs"
urlpatterns = [
    path("jobs/dead/", views.dead, name="dead"),
    path("jobs/<int:pk>/", views.job, name="job"),
    path("jobs/<int:pk>/retrial/", views.retrial, name="retrial"),
]
