using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Management;
using WmProxy.Tests.Configuration;

namespace WmProxy.Tests.Management;

public sealed class ConfigLoaderTests
{
    [Fact]
    public async Task LoadAsync_EverythingWrong_IsReportedOnceInTheSpellingOfTheUser()
    {
        var errors = await LoadAsync("""
            { "wmproxy": {
                "streams": {
                  "own": { "listen": "tcp://*:1", "to": [ "tcp://a:1", "tcp://a" ] },
                  "pg": { "listen": "tcp://*:2", "clusterid": "pg" } },
                "staticfiles": { "f": {
                  "root": "nowhere", "prefix": "a", "trypaths": [ "=1" ], "hide": [ "/" ], "precompressed": [ "x" ], "notfoundfile": "..", "headers": { "a b": "" },
                  "match": { "path": "/{a:nosuchconstraint}", "hosts": [ "a b" ], "methods": [ "" ], "headers": [ { "name": "a" } ] } } },
                "staticresponses": { "r": { "statuscode": 1, "contenttype": "x", "headers": { "connection": "close" }, "match": { "path": "/{" } } } },
              "reverseproxy": { "clusters": {
                "pg": { "destinations": { "d": { "address": "tcp://b" }, "e": { "address": "tcp://b:1", "health": "tcp://b" } } },
                "unused": { "destinations": { "d": { "address": "unix:x", "metadata": { "weight": "-1" } } } } } } }
            """);

        Assert.Equal(
            [
                "reverseproxy:clusters:pg:destinations:d:address",
                "reverseproxy:clusters:pg:destinations:e:health",
                "reverseproxy:clusters:unused:destinations:d:address",
                "reverseproxy:clusters:unused:destinations:d:metadata:weight",
                "wmproxy:staticfiles:f:headers:a b",
                "wmproxy:staticfiles:f:hide:0",
                "wmproxy:staticfiles:f:match:headers:0:Values",
                "wmproxy:staticfiles:f:match:hosts:0",
                "wmproxy:staticfiles:f:match:methods:0",
                "wmproxy:staticfiles:f:match:path",
                "wmproxy:staticfiles:f:notfoundfile",
                "wmproxy:staticfiles:f:precompressed:0",
                "wmproxy:staticfiles:f:prefix",
                "wmproxy:staticfiles:f:root",
                "wmproxy:staticfiles:f:trypaths:0",
                "wmproxy:staticresponses:r:contenttype",
                "wmproxy:staticresponses:r:headers:connection",
                "wmproxy:staticresponses:r:match:path",
                "wmproxy:staticresponses:r:statuscode",
                "wmproxy:streams:own:to:1",
            ],
            errors.Select(error => error.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task LoadAsync_TwoEntriesForTheSameRequests_IsReportedOnce()
    {
        var errors = await LoadAsync("""
            { "WmProxy": { "StaticResponses": { "a": { "Match": { "Path": "/same" } }, "b": { "Match": { "Path": "/same" } } } } }
            """);
        Assert.Equal("WmProxy:StaticResponses:b:Match", Assert.Single(errors).Path);
    }

    [Fact]
    public async Task LoadAsync_PolicyThatTheHostHasNot_IsAnErrorAtItsKey()
    {
        var errors = await LoadAsync("""
            { "WmProxy": {
                "StaticFiles": { "f": { "Root": ".", "CorsPolicy": "none", "RateLimiterPolicy": "default", "AuthorizationPolicy": "anonymous" } },
                "StaticResponses": { "r": { "Match": { "Path": "/r" }, "RateLimiterPolicy": "none", "AuthorizationPolicy": "none" } } } }
            """);
        Assert.Equal(
            ["WmProxy:StaticFiles:f:CorsPolicy", "WmProxy:StaticResponses:r:AuthorizationPolicy", "WmProxy:StaticResponses:r:RateLimiterPolicy"],
            errors.Select(error => error.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task LoadAsync_ConstraintOfTheHost_IsKnown()
    {
        Assert.Empty(await LoadAsync("""
            { "WmProxy": { "StaticResponses": { "a": { "Match": { "Path": "/{year:int}" } } } } }
            """));
    }

    private static async Task<IReadOnlyList<ConfigError>> LoadAsync(string json)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddWmProxy(builder.Configuration);
        await using var app = builder.Build();
        var loaded = await app.Services.GetRequiredService<ConfigLoader>().LoadAsync(ConfigFixture.Parse(json), CancellationToken.None);
        return loaded.Errors;
    }
}
