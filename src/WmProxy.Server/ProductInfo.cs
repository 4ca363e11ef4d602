using System.Reflection;
using System.Runtime.InteropServices;

namespace WmProxy.Server;

/// <summary>What this program is.</summary>
internal static class ProductInfo
{
    /// <summary>The version without the commit that the build adds.</summary>
    public static string Version { get; } =
        typeof(ProductInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public static string Line => $"wmproxy {Version} ({RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier})";
}
