using Microsoft.Extensions.DependencyInjection;

namespace WmProxy.Management;

/// <summary>STUB.</summary>
public interface IWmProxyBuilder
{
    /// <summary>STUB.</summary>
    IServiceCollection Services { get; }
}
