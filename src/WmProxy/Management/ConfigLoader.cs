using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using WmProxy.Configuration;
using WmProxy.Configuration.Reading;
using WmProxy.Configuration.Validation;
using WmProxy.Connections.Tls;
using WmProxy.Routes;
using WmProxy.Streams;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Management;

/// <summary>Reads a configuration whole and finds everything that is wrong with it.</summary>
internal sealed class ConfigLoader : IConfigChecker
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

    public async ValueTask<IReadOnlyList<ConfigError>> CheckAsync(IConfiguration candidate, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        var loaded = await LoadAsync(candidate, cancellationToken);
        var errors = loaded.Errors.ToList();
        foreach (var stream in loaded.Config.Streams.Values.Where(stream => stream.Tls is not null))
        {
            // Certificates are loaded for the sake of their errors only.
            var tlsErrors = new List<ConfigError>();
            TlsServerModel.TryCreate(stream.Tls!, $"WmProxy:Streams:{stream.StreamId}:Tls", BaseDirectory, tlsErrors, out _);
            AddUnsaid(errors, tlsErrors);
        }

        return errors;
    }

    public async ValueTask<LoadedConfig> LoadAsync(IConfiguration root, CancellationToken cancellationToken)
    {
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
                KestrelEndpoints = KestrelEndpointReader.Read(root),
                BaseDirectory = BaseDirectory,
                IsStandalone = IsStandalone,
                Source = root,
            },
            errors);
        AddUnsaid(errors, WmProxyEndpointDataSource.Validate(config, BaseDirectory));
        var yarp = new YarpConfig(own.Routes, [.. own.Clusters, .. StreamClusters.Create(config)]);
        await ValidateAsync(yarp, errors);
        cancellationToken.ThrowIfCancellationRequested();
        return new LoadedConfig(config, yarp, [.. errors.Distinct()]);
    }

    // What a later step finds at a key that is known to be wrong is the same mistake in other words.
    private static void AddUnsaid(List<ConfigError> errors, IEnumerable<ConfigError> more) =>
        errors.AddRange([.. more.Where(error => errors.TrueForAll(said => said.Path != error.Path))]);

    // Ours begins with the path below YARP's section, which another provider may not have.
    private static ConfigError Describe(ClusterConfig cluster, Exception error)
    {
        var path = $"Clusters:{cluster.ClusterId}";
        return error.Message.StartsWith(path, StringComparison.Ordinal) && error.Message.IndexOf(": ", StringComparison.Ordinal) is > 0 and var end
            ? new ConfigError($"{YarpConfigReader.SectionName}:{error.Message[..end]}", error.Message[(end + 2)..])
            : new ConfigError($"{YarpConfigReader.SectionName}:{path}", error.Message);
    }

    // An application that feeds YARP itself goes on doing so; nothing is loaded twice beside it.
    private List<IProxyConfig> GetHostConfigs() =>
        [.. _services.GetServices<IProxyConfigProvider>().Where(provider => provider is not YarpConfigProvider).Select(provider => provider.GetConfig())];

    private YarpConfig ReadOwn(IConfiguration root, List<ConfigError> errors)
    {
        ReverseProxyKeyValidator.Validate(root, errors);
        return _yarpReader.Read(root, errors);
    }

    private async ValueTask ValidateAsync(YarpConfig config, List<ConfigError> errors)
    {
        foreach (var route in config.Routes)
        {
            errors.AddRange((await _yarpValidator.ValidateRouteAsync(route))
                .Select(error => new ConfigError($"{YarpConfigReader.SectionName}:Routes:{route.RouteId}", error.Message)));
        }

        foreach (var cluster in config.Clusters)
        {
            errors.AddRange((await _yarpValidator.ValidateClusterAsync(cluster)).Select(error => Describe(cluster, error)));
        }
    }
}
