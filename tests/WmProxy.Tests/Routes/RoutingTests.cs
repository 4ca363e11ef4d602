using System;
using System.Net;
using System.Net.Http;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Routes;

/// <summary>Entries of ours and YARP's routes in one application.</summary>
public sealed class RoutingTests
{
    [Theory]
    [InlineData("/{**path}", null, "/{**rest}", 1, "ours")]
    [InlineData("/{**path}", 1, "/{**rest}", null, "yarp")]
    [InlineData("/{**path}", -1, "/a/b", null, "ours")]
    [InlineData("/a/{**path}", null, "/{**rest}", null, "ours")]
    [InlineData("/{**path}", null, "/a/{**rest}", null, "yarp")]
    [InlineData("/a/{name}", null, "/a/{**rest}", null, "ours")]
    [InlineData("/a/{name}", null, "/a/b", null, "yarp")]
    public async Task OrderThenPrecedenceOfThePattern_Decide(string ours, int? oursOrder, string yarp, int? yarpOrder, string winner)
    {
        var response = Response(new RouteMatch { Path = ours }) with { Order = oursOrder };
        var route = new RouteConfig { RouteId = "r", ClusterId = "c", Match = new() { Path = yarp }, Order = yarpOrder };

        Assert.Equal(winner, await AskAsync(response, route));
    }

    [Theory]
    [InlineData(1, 0, 0, 0, "ours")]
    [InlineData(0, 0, 1, 0, "yarp")]
    [InlineData(2, 0, 1, 0, "ours")]
    [InlineData(1, 0, 2, 0, "yarp")]
    [InlineData(0, 1, 0, 0, "ours")]
    [InlineData(0, 0, 0, 1, "yarp")]
    [InlineData(0, 2, 0, 1, "ours")]
    [InlineData(0, 1, 0, 2, "yarp")]
    [InlineData(0, 2, 1, 0, "yarp")]
    [InlineData(1, 0, 0, 2, "ours")]
    [InlineData(1, 1, 1, 0, "ours")]
    public async Task MoreHeadersThenMoreQueryParameters_GoFirst(int oursHeaders, int oursQuery, int yarpHeaders, int yarpQuery, string winner)
    {
        var route = new RouteConfig { RouteId = "r", ClusterId = "c", Match = Match(yarpHeaders, yarpQuery) };

        Assert.Equal(winner, await AskAsync(Response(Match(oursHeaders, oursQuery)), route));

        static RouteMatch Match(int headers, int query)
        {
            RouteHeader[] allHeaders = [new() { Name = "X-0", Mode = HeaderMatchMode.Exists }, new() { Name = "X-1", Mode = HeaderMatchMode.Exists }];
            RouteQueryParameter[] allQuery = [new() { Name = "q0", Mode = QueryParameterMatchMode.Exists }, new() { Name = "q1", Mode = QueryParameterMatchMode.Exists }];
            return new RouteMatch { Path = "/{**path}", Headers = allHeaders[..headers], QueryParameters = allQuery[..query] };
        }
    }

    [Fact]
    public async Task Conditions_NotMet_LeaveTheRequestToTheOther()
    {
        var match = new RouteMatch { Path = "/a/b", Headers = [new() { Name = "X-None", Mode = HeaderMatchMode.Exists }] };

        Assert.Equal("yarp", await AskAsync(Response(match), new RouteConfig { RouteId = "r", ClusterId = "c", Match = new() { Path = "/{**rest}" } }));
    }

    [Fact]
    public async Task Policies_AreTheHosts()
    {
        StaticResponseConfig Entry(string id) => new() { Id = id, Match = new() { Path = $"/{id}" }, Body = id };
        await using var app = await RoutesApp.StartAsync(
            RoutesApp.Config(responses:
            [
                Entry("cors") with { CorsPolicy = "one", Match = new() { Path = "/cors", Methods = ["GET"] } },
                Entry("cors-default") with { CorsPolicy = "Default" },
                Entry("cors-off") with { CorsPolicy = "disable" },
                Entry("limited") with { RateLimiterPolicy = "none" },
                Entry("unlimited") with { RateLimiterPolicy = "Disable" },
                Entry("denied") with { AuthorizationPolicy = "deny" },
                Entry("anyone") with { AuthorizationPolicy = "Anonymous" },
                Entry("default") with { AuthorizationPolicy = "default" },
                Entry("plain"),
            ]),
            AppContext.BaseDirectory,
            services: services =>
            {
                services.AddCors(cors =>
                {
                    cors.AddPolicy("one", policy => policy.WithOrigins("https://one.example").WithMethods("GET"));
                    cors.AddDefaultPolicy(policy => policy.WithOrigins("https://two.example"));
                });
                services.AddRateLimiter(limiter =>
                {
                    limiter.RejectionStatusCode = 429;
                    limiter.AddPolicy("none", _ => System.Threading.RateLimiting.RateLimitPartition.GetTokenBucketLimiter("none", _ => new()
                    {
                        TokenLimit = 1, TokensPerPeriod = 1, ReplenishmentPeriod = TimeSpan.FromHours(1), AutoReplenishment = false,
                    }));
                });
                services.AddAuthentication("test").AddCookie("test", cookie => cookie.Events.OnRedirectToLogin = context =>
                {
                    context.Response.StatusCode = 401;
                    return Task.CompletedTask;
                });
                services.AddAuthorization(authorization => authorization.AddPolicy("deny", policy => policy.RequireAssertion(_ => false)));
            },
            middleware: host =>
            {
                host.UseRouting();
                host.UseCors();
                host.UseRateLimiter();
                host.UseAuthentication();
                host.UseAuthorization();
            });

        Assert.Equal("https://one.example", await AllowedOriginAsync("/cors", HttpMethod.Get, "https://one.example"));
        Assert.Equal("https://one.example", await AllowedOriginAsync("/cors", HttpMethod.Options, "https://one.example"));
        Assert.Null(await AllowedOriginAsync("/cors", HttpMethod.Get, "https://two.example"));
        Assert.Equal("https://two.example", await AllowedOriginAsync("/cors-default", HttpMethod.Get, "https://two.example"));
        Assert.Null(await AllowedOriginAsync("/cors-off", HttpMethod.Get, "https://two.example"));
        Assert.Equal(200, await StatusAsync("/limited"));
        Assert.Equal(429, await StatusAsync("/limited"));
        Assert.Equal(200, await StatusAsync("/unlimited"));
        Assert.Equal(401, await StatusAsync("/denied"));
        Assert.Equal(200, await StatusAsync("/anyone"));
        Assert.Equal(401, await StatusAsync("/default"));
        Assert.Equal(200, await StatusAsync("/plain"));

        async Task<int> StatusAsync(string path)
        {
            using var response = await app.SendAsync(path);
            return (int)response.StatusCode;
        }

        async Task<string?> AllowedOriginAsync(string path, HttpMethod method, string origin)
        {
            using var response = await app.SendAsync(path, method, ("Origin", origin), ("Access-Control-Request-Method", "GET"));
            return response.Headers.TryGetValues("Access-Control-Allow-Origin", out var values) ? string.Join(',', values) : null;
        }
    }

    private static StaticResponseConfig Response(RouteMatch match) => new() { Id = "ours", Match = match, Body = "ours" };

    private static async Task<string> AskAsync(StaticResponseConfig ours, RouteConfig route)
    {
        await using var destination = await RoutesApp.StartAsync(RoutesApp.Config(responses: [new StaticResponseConfig { Id = "all", Body = "yarp" }]), AppContext.BaseDirectory);
        await using var app = await RoutesApp.StartAsync(RoutesApp.Config(responses: [ours]), AppContext.BaseDirectory, [route], destination.Address);
        using var response = await app.SendAsync("/a/b?q0=1&q1=1", null, ("X-0", "1"), ("X-1", "1"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }
}
