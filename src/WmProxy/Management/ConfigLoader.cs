using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using WmProxy.Clusters;
using WmProxy.Configuration;
using WmProxy.Configuration.Reading;
using WmProxy.Configuration.Validation;
using WmProxy.Connections.Tls;
using WmProxy.Streams;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Management;

/// <summary>Reads a configuration whole and finds everything that is wrong with it.</summary>
internal sealed class ConfigLoader
{
    private readonly IServiceProvider _services;
    private readonly YarpConfigReader _yarpReader;
    private readonly IConfigValidator _yarpValidator;

    public ConfigLoader(
        IServiceProvider services, YarpConfigReader yarpReader, IConfigValidator yarpValidator,
        IOptions<WmProxyOptions> options, IHostEnvironment environment)
    {
        _services = services;
        _yarpReader = yarpReader;
        _yarpValidator = yarpValidator;
        IsStandalone = options.Value.Standalone;
        BaseDirectory = options.Value.BaseDirectory ?? environment.ContentRootPath;
    }

    /// <summary>The folder that relative paths of a configuration start from.</summary>
    public string BaseDirectory { get; }

    /// <summary>Whether the application is there for WmProxy alone.</summary>
    public bool IsStandalone { get; }

    /// <summary>Loads the certificates of <paramref name="config"/> for the sake of their errors only.</summary>
    public void CheckCertificates(WmProxyConfig config, IList<ConfigError> errors)
    {
        var all = config.Streams.Values.Select(stream => (stream.Tls, Path: ConfigKeyPath.Stream(stream.StreamId, "Tls")))
            .Concat(config.ForwardProxies.Values.Select(proxy => (proxy.Tls, Path: ConfigKeyPath.ForwardProxy(proxy.ProxyId, "Tls"))));
        foreach (var (tls, path) in all.Where(one => one.Tls is not null))
        {
            var tlsErrors = new List<ConfigError>();
            TlsServerModel.TryCreate(tls!, path, BaseDirectory, tlsErrors, out _);

            // What is found at a key that is known to be wrong is the same mistake in other words; so is a password that its file has not given.
            foreach (var error in tlsErrors.Where(error => errors.All(said => said.Path != error.Path && said.Path != $"{error.Path}File")).ToList())
            {
                errors.Add(error);
            }
        }
    }

    public async ValueTask<LoadedConfig> LoadAsync(IConfiguration configuration, CancellationToken cancellationToken)
    {
        var root = ConfigurationSnapshot.Take(configuration);
        var (config, readErrors) = WmProxyConfigReader.Read(root, BaseDirectory);
        var errors = readErrors.ToList();
        var hostConfigs = GetHostConfigs();
        var own = hostConfigs.Count == 0 ? ReadOwn(root, errors) : new YarpConfig([], []);
        WmProxyConfigValidator.Validate(
            config,
            new ConfigValidationContext
            {
                Routes = [.. own.Routes, .. hostConfigs.SelectMany(host => host.Routes)],
                Clusters = [.. own.Clusters, .. hostConfigs.SelectMany(host => host.Clusters)],
                RouteConstraints = _services.GetService<ParameterPolicyFactory>(),
                KestrelEndpoints = KestrelEndpointReader.Read(root),
                BaseDirectory = BaseDirectory,
                IsStandalone = IsStandalone,
                Source = root,
            },
            errors);
        var yarp = new YarpConfig(own.Routes, [.. own.Clusters, .. StreamClusters.Create(config)]);

        // What is wrong with the clusters that streams make is said of the streams, so YARP need not say it again.
        await ValidateAsync(root, errors.Count == 0 ? yarp : own, errors);
        await ValidatePoliciesAsync(config, errors);
        cancellationToken.ThrowIfCancellationRequested();
        return new LoadedConfig(config, yarp, [.. errors.Distinct()]);
    }

    // An application that feeds YARP itself goes on doing so; nothing is loaded twice beside it.
    private List<IProxyConfig> GetHostConfigs() =>
        [.. _services.GetServices<IProxyConfigProvider>().Where(provider => provider is not (YarpConfigProvider or YarpWakeUp)).Select(provider => provider.GetConfig())];

    private YarpConfig ReadOwn(IConfiguration root, List<ConfigError> errors)
    {
        ReverseProxyKeyValidator.Validate(root, errors);
        return _yarpReader.Read(root, errors);
    }

    private async ValueTask ValidateAsync(IConfiguration root, YarpConfig config, List<ConfigError> errors)
    {
        foreach (var route in config.Routes)
        {
            errors.AddRange((await _yarpValidator.ValidateRouteAsync(route))
                .Select(error => new ConfigError($"{YarpConfigReader.SectionName}:Routes:{route.RouteId}", error.Message)));
        }

        foreach (var cluster in config.Clusters)
        {
            foreach (var exception in await _yarpValidator.ValidateClusterAsync(cluster))
            {
                if (exception is not ClusterErrorException { Error: var error })
                {
                    errors.Add(new ConfigError($"{YarpConfigReader.SectionName}:Clusters:{cluster.ClusterId}", exception.Message));
                }
                else if (ConfigKeyPath.AsWritten(root, error.Path) is var path && !errors.Exists(said => said.Path == path))
                {
                    errors.Add(error with { Path = path });
                }
            }
        }
    }

    // Static files and answers name policies of the host by YARP's words, so YARP's judgement holds for them too.
    private async ValueTask ValidatePoliciesAsync(WmProxyConfig config, List<ConfigError> errors)
    {
        var routes = config.StaticFiles.Values
            .SelectMany(files => Policies(ConfigKeyPath.Of(WmProxyConfigReader.SectionName, "StaticFiles", files.Id), files.CorsPolicy, files.RateLimiterPolicy, files.AuthorizationPolicy))
            .Concat(config.StaticResponses.Values.SelectMany(response =>
                Policies(ConfigKeyPath.Of(WmProxyConfigReader.SectionName, "StaticResponses", response.Id), response.CorsPolicy, response.RateLimiterPolicy, response.AuthorizationPolicy)));
        var hint = IsStandalone ? " This program has no policies of its own yet; an application that embeds WmProxy has." : "";
        foreach (var route in routes)
        {
            errors.AddRange((await _yarpValidator.ValidateRouteAsync(route))
                .Select(error => new ConfigError(route.RouteId, error.Message.Replace($" for route '{route.RouteId}'", "", StringComparison.Ordinal) + hint)));
        }
    }

    /// <summary>Routes with one policy each, named by its key path.</summary>
    private static IEnumerable<RouteConfig> Policies(string path, string? cors, string? rateLimiter, string? authorization)
    {
        var match = new RouteMatch { Path = "/" };
        if (cors is not null)
        {
            yield return new RouteConfig { RouteId = $"{path}:CorsPolicy", Match = match, CorsPolicy = cors };
        }

        if (rateLimiter is not null)
        {
            yield return new RouteConfig { RouteId = $"{path}:RateLimiterPolicy", Match = match, RateLimiterPolicy = rateLimiter };
        }

        if (authorization is not null)
        {
            yield return new RouteConfig { RouteId = $"{path}:AuthorizationPolicy", Match = match, AuthorizationPolicy = authorization };
        }
    }
}
