using System;
using WmProxy.Configuration;

namespace WmProxy.FunctionalTests.Hosting;

/// <summary>
/// The engine of every <see cref="ProxyHost"/> that the tests of a class start. Test classes run on the machine's default; one derived from them, with this
/// attribute, runs the same tests on another engine.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
internal sealed class OnEngineAttribute : Attribute
{
    public OnEngineAttribute(RelayEngineKind engine) => Engine = engine;

    public RelayEngineKind Engine { get; }
}
