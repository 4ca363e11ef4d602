using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using WmProxy.Configuration;
using WmProxy.StaticFiles;
using WmProxy.StaticResponses;

namespace WmProxy.Routes;

/// <summary>The endpoints of <c>StaticFiles</c> and <c>StaticResponses</c>, swapped whole when the configuration changes.</summary>
internal sealed class WmProxyEndpointDataSource(TimeProvider timeProvider, ILoggerFactory loggerFactory) : EndpointDataSource, IDisposable
{
    private readonly Lock _lock = new();
    private Dictionary<string, Entry> _entries = [];
    private volatile IReadOnlyList<Endpoint> _endpoints = [];
    private volatile CancellationTokenSource _changed = new();

    public override IReadOnlyList<Endpoint> Endpoints => _endpoints;

    public override IChangeToken GetChangeToken() => new CancellationChangeToken(_changed.Token);

    /// <summary>
    /// Serves <paramref name="config"/>, which is validated, from now on. Entries that did not change keep their endpoints; when none
    /// changed nothing happens. Requests under way end with the endpoint they began with. Should it throw, the old one goes on.
    /// </summary>
    public void Update(WmProxyConfig config, string baseDirectory)
    {
        Prepare(config, baseDirectory)();
    }

    /// <summary>
    /// Makes the endpoints of a validated configuration, and leaves those that are served as they are until the result is called. Whatever can fail
    /// fails here. One caller at a time.
    /// </summary>
    public Action Prepare(WmProxyConfig config, string baseDirectory)
    {
        Dictionary<string, Entry> entries = [];
        foreach (var files in config.StaticFiles.Values)
        {
            Add(entries, $"WmProxy:StaticFiles:{files.Id}", files, Path.GetFullPath(baseDirectory), name => CreateEndpoint(name, files, baseDirectory));
        }

        foreach (var response in config.StaticResponses.Values)
        {
            Add(entries, $"WmProxy:StaticResponses:{response.Id}", response, "", name => CreateEndpoint(name, response));
        }

        return () => Serve(entries);
    }

    public void Dispose() => _changed.Dispose();

    private void Serve(Dictionary<string, Entry> entries)
    {
        CancellationTokenSource changed;
        lock (_lock)
        {
            var isSame = entries.Count == _entries.Count && entries.All(entry => _entries.TryGetValue(entry.Key, out var old) && ReferenceEquals(old, entry.Value));
            if (isSame)
            {
                return;
            }

            // Listeners ask for the next token and then for the endpoints, so both are there before the old token fires.
            _entries = entries;
            _endpoints = [.. entries.Values.Select(entry => entry.Endpoint)];
            changed = _changed;
            _changed = new CancellationTokenSource();
        }

        changed.Cancel();
    }

    private void Add(Dictionary<string, Entry> entries, string name, object config, string baseDirectory, Func<string, Endpoint> create)
    {
        entries[name] = _entries.TryGetValue(name, out var old) && old.Config.Equals(config) && old.BaseDirectory == baseDirectory
            ? old
            : new Entry(config, baseDirectory, create(name));
    }

    private Endpoint CreateEndpoint(string name, StaticFilesConfig config, string baseDirectory)
    {
        var handler = new StaticFilesHandler(new StaticFilesModel(config, baseDirectory), timeProvider, loggerFactory.CreateLogger<StaticFilesHandler>());
        var policies = new EndpointPolicies(config.CorsPolicy, config.RateLimiterPolicy, config.AuthorizationPolicy);
        return RouteEndpointFactory.Create(name, config.Match, config.Order, policies, handler.InvokeAsync, config);
    }

    private static Endpoint CreateEndpoint(string name, StaticResponseConfig config)
    {
        var policies = new EndpointPolicies(config.CorsPolicy, config.RateLimiterPolicy, config.AuthorizationPolicy);
        return RouteEndpointFactory.Create(name, config.Match, config.Order, policies, new StaticResponseHandler(config).InvokeAsync, config);
    }

    private sealed record Entry(object Config, string BaseDirectory, Endpoint Endpoint);
}
