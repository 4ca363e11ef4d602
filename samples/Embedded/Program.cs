using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddWmProxy(builder.Configuration);

var app = builder.Build();
app.MapGet("/hello", () => "Hello from the application itself\n");
app.MapWmProxy();
app.Run();
