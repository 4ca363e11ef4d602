using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Listeners;
using WmProxy.Management;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Embedding;

/// <summary>WmProxy in an application that has a life of its own.</summary>
public sealed class EmbeddingTests
{
    [Fact]
    public async Task Application_WithEndpointsMiddlewareAndUrls_KeepsThemBesideStreams()
    {
        var log = new CapturedLog();
        await using var echo = new EchoServer();
        var builder = AppBuilder.Create(Json(echo), log);
        builder.Services.AddWmProxy(builder.Configuration);
        await using var app = builder.Build();
        app.Use((context, next) =>
        {
            context.Response.Headers["X-Own"] = "middleware";
            return next(context);
        });
        app.MapGet("/own", () => "own");
        app.MapWmProxy();
        await app.StartAsync().Within();

        Assert.Single(app.Urls);
        Assert.Equal("200 own", await app.GetAsync("/own"));
        Assert.Equal("200 static", await app.GetAsync("/static"));
        Assert.Equal("404 ", await app.GetAsync("/nothing"));
        using var http = new System.Net.Http.HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        foreach (var path in new[] { "/own", "/static" })
        {
            using var answer = await http.GetAsync(path);
            Assert.Equal("middleware", answer.Headers.GetValues("X-Own").Single());
        }

        await app.AssertStreamEchoesAsync("echo");
        Assert.DoesNotContain(log.Entries, entry => entry.Message.Contains("Overriding address", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Entries, entry => entry.Level >= LogLevel.Warning);
        await app.StopAsync().Within();
    }

    [Fact]
    public async Task Application_WithAndWithoutWmProxy_AnswersTheSame()
    {
        var with = await AnswersAsync(wmProxy: true);
        var without = await AnswersAsync(wmProxy: false);

        Assert.Equal(without, with);

        static async Task<List<string>> AnswersAsync(bool wmProxy)
        {
            var builder = AppBuilder.Create();
            if (wmProxy)
            {
                builder.Services.AddWmProxy(builder.Configuration);
            }

            await using var app = builder.Build();
            app.MapGet("/", () => "root");
            app.MapGet("/items/{id:int}", (int id) => Results.Json(new { id }));
            app.MapPost("/items", () => Results.Created("/items/1", null));
            app.MapGet("/fails", IResult () => throw new InvalidOperationException());
            app.MapFallback(() => Results.NotFound("fallback"));
            if (wmProxy)
            {
                app.MapWmProxy();
            }

            await app.StartAsync().Within();
            var answers = new List<string>();
            using var http = new System.Net.Http.HttpClient { BaseAddress = new Uri(app.Urls.First()) };
            foreach (var (method, path) in new[] { ("GET", "/"), ("HEAD", "/"), ("GET", "/items/7"), ("GET", "/items/x"), ("POST", "/items"), ("DELETE", "/items"), ("GET", "/fails"), ("GET", "/a/b"), ("OPTIONS", "/") })
            {
                using var request = new System.Net.Http.HttpRequestMessage(new System.Net.Http.HttpMethod(method), path);
                request.Headers.Add("Origin", "http://elsewhere.example");
                using var answer = await http.SendAsync(request);
                var fields = answer.Headers.Concat(answer.Content.Headers).Where(field => field.Key != "Date").Select(field => $"{field.Key}={string.Join(",", field.Value)}").Order();
                answers.Add($"{method} {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()} [{string.Join("; ", fields)}]");
            }

            answers.AddRange(app.Services.GetRequiredService<EndpointDataSource>().Endpoints.Select(endpoint => endpoint.DisplayName!));
            return answers;
        }
    }

    [Fact]
    public async Task AddWmProxy_Twice_IsOnce()
    {
        await using var echo = new EchoServer();
        var builder = AppBuilder.Create(Json(echo));
        builder.Services.AddWmProxy(builder.Configuration);
        builder.Services.AddWmProxy(builder.Configuration);
        await using var app = builder.Build();
        app.MapWmProxy();
        app.MapWmProxy();
        await app.StartAsync().Within();

        await app.AssertStreamEchoesAsync("echo");
        Assert.Equal("200 static", await app.GetAsync("/static"));
        Assert.Single(app.Services.GetServices<IConfigReloader>());
    }

    [Fact]
    public async Task MapWmProxy_Forgotten_StartSaysSo()
    {
        var builder = AppBuilder.Create();
        builder.Services.AddWmProxy(builder.Configuration);
        await using var app = builder.Build();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => app.StartAsync().Within());

        Assert.Contains("app.MapWmProxy()", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddWmProxy_Forgotten_MapSaysSo()
    {
        await using var app = AppBuilder.Create().Build();

        var error = Assert.Throws<InvalidOperationException>(() => app.MapWmProxy());

        Assert.Contains("AddWmProxy", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Application_WithoutAnySection_Runs()
    {
        var builder = AppBuilder.Create();
        builder.Services.AddWmProxy(builder.Configuration);
        await using var app = builder.Build();
        app.MapGet("/own", () => "own");
        app.MapWmProxy();
        await app.StartAsync().Within();

        Assert.Equal("200 own", await app.GetAsync("/own"));
        Assert.Equal("404 ", await app.GetAsync("/"));
        Assert.Empty(app.Services.GetRequiredService<IListenerLookup>().GetListeners());
        await app.StopAsync().Within();
    }

    [Fact]
    public async Task MapWmProxy_ConfigurationWithErrors_ThrowsAllOfThem()
    {
        var builder = AppBuilder.Create("""
            { "WmProxy": { "Streams": { "a": { "Listn": "tcp://*:0", "Listen": "tcp://127.0.0.1:0", "ClusterId": "none" }, "b": { "Listen": "tcp://nowhere" } } } }
            """);
        builder.Services.AddWmProxy(builder.Configuration);
        await using var app = builder.Build();

        var error = Assert.Throws<ConfigErrorException>(() => app.MapWmProxy());

        Assert.Superset(
            new HashSet<string> { "WmProxy:Streams:a:Listn", "WmProxy:Streams:a:ClusterId", "WmProxy:Streams:b:Listen" },
            error.Errors.Select(item => item.Path).ToHashSet());
        Assert.Contains("WmProxy:Streams:a:Listn", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PortInUse_SaysWhich()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var builder = AppBuilder.Create($$"""
            { "WmProxy": { "Streams": { "free": { "Listen": "tcp://127.0.0.1:0", "To": "tcp://127.0.0.1:9" }, "taken": { "Listen": "tcp://{{taken.LocalEndPoint}}", "To": "tcp://127.0.0.1:9" } } } }
            """);
        builder.Services.AddWmProxy(builder.Configuration);
        await using var app = builder.Build();
        app.MapWmProxy();

        var error = await Assert.ThrowsAsync<ConfigErrorException>(() => app.StartAsync().Within());

        Assert.Equal("WmProxy:Streams:taken:Listen", Assert.Single(error.Errors).Path);
        Assert.Contains($"{taken.LocalEndPoint}", error.Message, StringComparison.Ordinal);
        Assert.Empty(app.Services.GetRequiredService<IListenerLookup>().GetListeners());
    }

    [Fact]
    public async Task TestServer_StreamsWorkOnRealSockets()
    {
        await using var echo = new EchoServer();
        var builder = AppBuilder.Create(Json(echo));
        builder.WebHost.UseTestServer();
        builder.Services.AddWmProxy(builder.Configuration);
        await using var app = builder.Build();
        app.MapGet("/own", () => "own");
        app.MapWmProxy();
        await app.StartAsync().Within();

        using var http = app.GetTestClient();
        Assert.Equal("200 own", await http.GetTextAsync("/own"));
        Assert.Equal("200 static", await http.GetTextAsync("/static"));
        await app.AssertStreamEchoesAsync("echo");
    }

    [Fact]
    public async Task Startup_UseEndpoints_Works()
    {
        await using var echo = new EchoServer();
        using var host = new HostBuilder()
            .ConfigureAppConfiguration(configuration => configuration.Add(new EditableConfigurationSource(Json(echo))))
            .ConfigureWebHost(web => web.UseTestServer().UseStartup<Startup>())
            .Build();
        await host.StartAsync().Within();

        using var http = host.GetTestClient();
        Assert.Equal("200 own", await http.GetTextAsync("/own"));
        Assert.Equal("200 static", await http.GetTextAsync("/static"));
        await host.AssertStreamEchoesAsync("echo");
        await host.StopAsync().Within();
    }

    [Fact]
    public async Task Change_BetweenMapAndStart_IsNotMissed()
    {
        await using var echo = new EchoServer();
        await using var host = ProxyHost.Build("{}");
        host.Edit(Json(echo));

        await host.Application.StartAsync().Within();

        await Deadline.PollAsync(() => Task.FromResult(host.Listeners.Count == 1));
    }

    private static string Json(EchoServer echo) => $$"""
        {
          "WmProxy": {
            "StaticResponses": { "s": { "Match": { "Path": "/static" }, "Body": "static" } },
            "Streams": { "echo": { "Listen": "tcp://127.0.0.1:0", "To": "{{echo.Address}}" } }
          }
        }
        """;

    private sealed class Startup(IConfiguration configuration)
    {
        public void ConfigureServices(IServiceCollection services) => services.AddWmProxy(configuration);

        public void Configure(IApplicationBuilder app)
        {
            app.UseRouting();
            app.UseEndpoints(endpoints =>
            {
                endpoints.MapGet("/own", () => "own");
                endpoints.MapWmProxy();
            });
        }
    }
}
